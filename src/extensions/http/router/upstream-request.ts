import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import { acceptsUpgrade } from "../../../http/accepts-upgrade.ts";
import {
  type Protocol,
  RESPONSE_HEAD_CUT_SHORT,
  type RequestEncoder,
  type ResponseDecoder,
  type StreamCallbacks,
  type StreamResetReason,
} from "../../../http/codec.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import type { ResponseFlag, UpstreamInfo } from "../../../http/stream-info.ts";
import type { ResourcePriority } from "../../../upstream/circuit-breaker/circuit-breaker.ts";
import type { Host } from "../../../upstream/host.ts";
import type { ConnectionWishes } from "../../../upstream/pool/connection-wishes.ts";
import type {
  PendingStream,
  PoolCallbacks,
  PoolFailureReason,
  UpstreamConnectionInfo,
} from "../../../upstream/pool/http-conn-pool.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import type { AttemptSpan } from "./attempt-span.ts";
import type { AttemptWatch } from "./attempt-watch.ts";
import { TcpStream } from "./tcp-stream.ts";
import { failureOf, resetReasonOf } from "./upstream-failure.ts";

/** The router, as one of its attempts sees it. */
export interface UpstreamRequestOwner {
  readonly timers: TimerWheel;
  nowMs(): number;
  /** The request's headers are on their way to the host. */
  onUpstreamConnected(host: Host): void;
  onUpstream1xxHeaders(headers: ResponseHeaderMap): void;
  onUpstreamHeaders(request: UpstreamRequest, headers: ResponseHeaderMap, endStream: boolean): void;
  onUpstreamData(data: Buffer, endStream: boolean): void;
  onUpstreamTrailers(trailers: TrailerMap): void;
  /** The attempt has lasted as long as the cluster lets one last, and goes on until it is cancelled. */
  onUpstreamMaxDuration(request: UpstreamRequest): void;
  /** The attempt is over without a (whole) response. */
  onUpstreamReset(request: UpstreamRequest, reason: StreamResetReason, transportFailure: string): void;
  /** Counted: the upstream takes the request too slowly, or can take more again. */
  onUpstreamAboveWriteBufferHighWatermark(): void;
  onUpstreamBelowWriteBufferLowWatermark(): void;
}

/**
 * One attempt to get the response from one host: waits for the pool, keeps what of the request comes meanwhile, then
 * joins the router and the stream of an upstream connection. Source: Envoy's `Router::UpstreamRequest`.
 */
export class UpstreamRequest implements PoolCallbacks, ResponseDecoder, StreamCallbacks {
  readonly host: Host;
  /** What is known of this attempt. */
  readonly info: UpstreamInfo;
  /** Set before `start`; null without tracing. */
  span: AttemptSpan | null = null;
  /** Set before `start`; null if nobody wants to know. */
  watch: AttemptWatch | null = null;
  private readonly owner: UpstreamRequestOwner;
  private readonly cluster: ThreadLocalCluster;
  private readonly headers: RequestHeaderMap;
  private readonly headersEndStream: boolean;
  private readonly wishes: ConnectionWishes | null;
  private status = 0;
  private pending: PendingStream | null = null;
  private encoder: RequestEncoder | null = null;
  /** Body and trailers that came before the connection did. */
  private waiting: Buffer[] | null = null;
  private waitingBytes = 0;
  private waitingEnd = false;
  private waitingTrailers: TrailerMap | null = null;
  private pausedDownstream = false;
  /** Pauses of the downstream that the upstream connection has asked for and not taken back. */
  private pauses = 0;
  /** `readDisable`s asked for before the connection was there. */
  private readDisableDue = 0;
  private over = false;
  private requestSent = false;
  private responseEnded = false;
  /** A byte of a response came, be it of a 1xx: a repeat is no longer safe. */
  responseBegun = false;
  /** The connection had served others before. */
  reusedConnection = false;
  /** The body is kept back until the host has accepted to switch protocols: one that has not would take it for requests. */
  isTunnel = false;
  /** How long its stream may go on, by default as the cluster says; 0 = as long as it likes. Set before `start`. */
  maxStreamDurationMs: number;
  /** Not null: body and response are the bytes of a TCP connection, which begins with this. */
  tcpPrologue: Buffer | null = null;
  private held = false;
  /** Of a body that comes before the bytes of a tunnel (`content-length`): the host does not answer without it. */
  private bodyDueBytes = 0;
  /** Null if there is no limit. */
  private durationTimer: WheelTimer | null = null;

  constructor(
    owner: UpstreamRequestOwner,
    cluster: ThreadLocalCluster,
    host: Host,
    headers: RequestHeaderMap,
    endStream: boolean,
    info: UpstreamInfo,
    wishes: ConnectionWishes | null,
  ) {
    this.owner = owner;
    this.cluster = cluster;
    this.maxStreamDurationMs = cluster.info.maxStreamDurationMs;
    this.host = host;
    this.headers = headers;
    this.headersEndStream = endStream;
    this.info = info;
    this.wishes = wishes;
  }

  /** Asks the pool for a stream; the answer may come before this returns. */
  start(priority: ResourcePriority, downstream: Protocol | ""): void {
    this.info.hostAddress = this.host.addressText;
    this.info.hostName = this.host.hostname;
    this.info.hostMetadata = this.host.metadata;
    this.info.clusterMetadata = this.cluster.info.metadata;
    this.info.poolAskedAtMs = this.owner.nowMs();
    const pending = this.#askPool(priority, downstream);
    if (!this.over && this.encoder === null) this.pending = pending;
  }

  #askPool(priority: ResourcePriority, downstream: Protocol | ""): PendingStream | null {
    const { cluster, host, tcpPrologue, wishes } = this;
    if (tcpPrologue === null) return cluster.httpPool(host, priority, downstream, wishes).newStream(this, this);
    return TcpStream.open(cluster.tcpPool(host, priority), tcpPrologue, wishes, this, this);
  }

  sendData(data: Buffer, endStream: boolean): void {
    if (this.over) return;
    if (this.encoder !== null && !this.held) {
      this.info.bytesSent += data.length;
      if (endStream) this.#sentAll();
      this.encoder.encodeData(data, endStream);
      return;
    }
    const kept = this.bodyDueBytes > 0 ? this.#sendBodyDue(this.encoder!, data) : data;
    if (this.over || (kept.length === 0 && data.length > 0 && !endStream)) return;
    this.waiting ??= [];
    this.waiting.push(kept);
    this.waitingBytes += kept.length;
    this.waitingEnd = endStream;
    const limitBytes = this.cluster.info.perConnectionBufferLimitBytes;
    if (!this.pausedDownstream && limitBytes > 0 && this.waitingBytes > limitBytes) {
      this.pausedDownstream = true;
      this.owner.onUpstreamAboveWriteBufferHighWatermark();
    }
  }

  sendTrailers(trailers: TrailerMap): void {
    if (this.over) return;
    if (this.encoder === null || this.held) {
      this.waitingTrailers = trailers;
      return;
    }
    this.#sentAll();
    this.encoder.encodeTrailers(trailers);
  }

  /** Whether the request's headers have gone to the host. */
  get wasSent(): boolean {
    return this.encoder !== null;
  }

  /** Counted: the client takes the response too slowly. */
  readDisable(disable: boolean): void {
    if (this.over || this.responseEnded) return;
    if (this.encoder !== null) this.encoder.stream.readDisable(disable);
    else this.readDisableDue += disable ? 1 : -1;
  }

  /** Gives up the attempt, wherever it stands. No calls back. */
  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.durationTimer?.disarm();
    this.pending?.cancel();
    this.pending = null;
    if (this.span !== null) this.#finishSpan("cancelled");
    if (this.watch !== null) this.#endWatch(null);
    this.#releaseDownstream();
    if (this.encoder !== null && !(this.requestSent && this.responseEnded)) {
      this.cluster.info.stats.rq.txReset.inc();
      this.encoder.stream.reset("local reset");
    }
  }

  // ---- from the pool ----

  onPoolReady(encoder: RequestEncoder, _host: Host, connection: UpstreamConnectionInfo): void {
    this.pending = null;
    this.encoder = encoder;
    encoder.stream.setCallbacks(this);
    this.reusedConnection = connection.reused;
    const info = this.info;
    info.connectionId = connection.id;
    info.localAddress = connection.localAddress;
    info.protocol = connection.protocol;
    info.wire = encoder.stream;
    info.connectedAtMs = connection.connectedAtMs;
    info.tls = connection.tls;
    info.firstByteSentAtMs = this.owner.nowMs();
    for (; this.readDisableDue > 0; this.readDisableDue--) encoder.stream.readDisable(true);
    if (this.headersEndStream) this.#sentAll();
    if (this.watch !== null) this.watch.ready();
    this.span?.inject();
    encoder.encodeHeaders(this.headers, this.headersEndStream);
    if (this.over) return;
    this.held = this.isTunnel;
    if (this.maxStreamDurationMs > 0) {
      this.durationTimer = this.owner.timers.timer(() => this.owner.onUpstreamMaxDuration(this));
      this.durationTimer.arm(this.maxStreamDurationMs);
    }
    this.owner.onUpstreamConnected(this.host);
    if (this.held) this.#beginTunnel();
    else this.#sendWaiting(encoder);
  }

  onPoolFailure(reason: PoolFailureReason, transportFailureReason: string): void {
    this.pending = null;
    if (this.over) return;
    this.over = true;
    this.#releaseDownstream();
    this.info.transportFailureReason = transportFailureReason;
    if (this.span !== null) this.#finishSpan(resetReasonOf(reason));
    if (this.watch !== null) this.#endWatch(failureOf(resetReasonOf(reason)).flag);
    this.owner.onUpstreamReset(this, resetReasonOf(reason), transportFailureReason);
  }

  // ---- from the upstream codec ----

  decode1xxHeaders(headers: ResponseHeaderMap): void {
    if (this.over) return;
    this.responseBegun = true;
    this.owner.onUpstream1xxHeaders(headers);
  }

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.over) return;
    this.responseBegun = true;
    this.info.firstByteReceivedAtMs = this.owner.nowMs();
    this.status = headers.status;
    this.watch?.response(headers);
    if (endStream) this.#receivedAll();
    const opens = this.held && acceptsUpgrade(this.headers.method === "CONNECT", headers.status);
    this.owner.onUpstreamHeaders(this, headers, endStream);
    if (!opens || this.over) return;
    this.held = false;
    this.#sendWaiting(this.encoder!);
  }

  decodeData(data: Buffer, endStream: boolean): void {
    if (this.over) return;
    const { info } = this;
    if (info.firstBodyByteReceivedAtMs === -1) info.firstBodyByteReceivedAtMs = this.owner.nowMs();
    info.bytesReceived += data.length;
    if (endStream) this.#receivedAll();
    this.owner.onUpstreamData(data, endStream);
  }

  decodeTrailers(trailers: TrailerMap): void {
    if (this.over) return;
    this.watch?.trailers(trailers);
    this.#receivedAll();
    this.owner.onUpstreamTrailers(trailers);
  }

  onResetStream(reason: StreamResetReason, details: string): void {
    if (this.over || (this.requestSent && this.responseEnded)) return;
    if (details === RESPONSE_HEAD_CUT_SHORT) this.responseBegun = true;
    this.over = true;
    this.info.codecFailure = details;
    this.durationTimer?.disarm();
    if (this.span !== null) this.#finishSpan(reason);
    if (this.watch !== null) this.#endWatch(failureOf(reason).flag);
    this.#releaseDownstream();
    const rq = this.cluster.info.stats.rq;
    if (reason === "remote reset" || reason === "remote refused stream reset" || reason === "connection termination")
      rq.rxReset.inc();
    this.owner.onUpstreamReset(this, reason, "");
  }

  onAboveWriteBufferHighWatermark(): void {
    if (this.over) return;
    this.pauses++;
    this.owner.onUpstreamAboveWriteBufferHighWatermark();
  }
  onBelowWriteBufferLowWatermark(): void {
    if (this.over || this.pauses === 0) return;
    this.pauses--;
    this.owner.onUpstreamBelowWriteBufferLowWatermark();
  }

  /** The next attempt, or nobody, decides from now on how fast the client may send. */
  #releaseDownstream(): void {
    if (this.pausedDownstream) this.pauses++;
    this.pausedDownstream = false;
    for (; this.pauses > 0; this.pauses--) this.owner.onUpstreamBelowWriteBufferLowWatermark();
  }

  /** Sends what has come of the request's own body; the rest waits for the tunnel. */
  #beginTunnel(): void {
    const length = this.headers.method === "CONNECT" ? undefined : this.headers.get("content-length");
    if (length === undefined) return;
    this.bodyDueBytes = Number(length);
    const waiting = this.waiting;
    if (waiting === null) return;
    this.waiting = null;
    this.waitingBytes = 0;
    const end = this.waitingEnd;
    for (let i = 0; i < waiting.length && !this.over; i++) this.sendData(waiting[i]!, end && i === waiting.length - 1);
  }

  /** Answers what of `data` is behind the body. */
  #sendBodyDue(encoder: RequestEncoder, data: Buffer): Buffer {
    const own = data.length <= this.bodyDueBytes ? data : data.subarray(0, this.bodyDueBytes);
    this.bodyDueBytes -= own.length;
    this.info.bytesSent += own.length;
    encoder.encodeData(own, false);
    return data.subarray(own.length);
  }

  #sendWaiting(encoder: RequestEncoder): void {
    const waiting = this.waiting;
    this.waiting = null;
    if (waiting !== null) {
      for (let i = 0; i < waiting.length && !this.over; i++) {
        const last = i === waiting.length - 1;
        const end = last && this.waitingEnd;
        this.info.bytesSent += waiting[i]!.length;
        if (end) this.#sentAll();
        encoder.encodeData(waiting[i]!, end);
      }
    }
    if (this.waitingTrailers !== null && !this.over) {
      this.#sentAll();
      encoder.encodeTrailers(this.waitingTrailers);
    }
    if (this.pausedDownstream && !this.over) {
      this.pausedDownstream = false;
      this.owner.onUpstreamBelowWriteBufferLowWatermark();
    }
  }

  #sentAll(): void {
    this.requestSent = true;
    this.info.lastByteSentAtMs = this.owner.nowMs();
  }

  #receivedAll(): void {
    this.durationTimer?.disarm();
    this.responseEnded = true;
    this.info.lastByteReceivedAtMs = this.owner.nowMs();
    if (this.span !== null) this.#finishSpan("");
    if (this.watch !== null) this.#endWatch(null);
  }

  #endWatch(flag: ResponseFlag | null): void {
    const watch = this.watch!;
    this.watch = null;
    watch.end(this.owner.nowMs(), flag);
  }

  /** `failure` is what ended the attempt without a whole response; `""` if nothing did. */
  #finishSpan(failure: StreamResetReason | "cancelled" | ""): void {
    const span = this.span!;
    this.span = null;
    if (failure === "cancelled") span.cancel();
    else if (failure !== "") span.fail(failure);
    const flags = failure === "cancelled" || failure === "" ? 0 : 1 << failureOf(failure).flag;
    const { status, info } = this;
    span.finish({ status, flags, cluster: this.cluster.info.name, info }, this.owner.nowMs());
  }
}
