import type { Clock } from "../../base/clock.ts";
import type { RequestEncoder, ResponseDecoder, StreamCallbacks, StreamResetReason } from "../../http/codec.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../http/header-map.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../lb/load-balancer-context.ts";
import type { Host } from "../host.ts";
import { connectionWishes } from "../pool/connection-wishes.ts";
import type {
  PendingStream,
  PoolCallbacks,
  PoolFailureReason,
  UpstreamConnectionInfo,
} from "../pool/http-conn-pool.ts";
import type { ResponseTraits } from "../response-stats.ts";
import type { ThreadLocalCluster } from "../thread-local-cluster.ts";
import type { AsyncCall, AsyncFailure, AsyncFailureReason } from "./async-failure.ts";

/** What comes of a stream: headers, data and trailers as they arrive, or a failure in place of what is missing. */
export interface AsyncStreamCallbacks {
  /** Whether a response with this status, or a failure, makes way for another attempt: then the stream is over and makes no call any more. */
  retries?(cause: number | AsyncFailureReason): boolean;
  onHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  onData(data: Buffer, endStream: boolean): void;
  onTrailers(trailers: TrailerMap): void;
  /** The last call: no (more) response comes. */
  onFailure(failure: AsyncFailure): void;
}

/** Requests of the proxy itself are internal ones, in statistics too. */
const TRAITS: ResponseTraits = { internal: true, canary: false };

/** The status under which the cluster counts a request that got no response; 0 = it is not counted. */
const CHARGED: Readonly<Record<AsyncFailureReason, number>> = {
  noCluster: 0,
  noHealthyHost: 503,
  overflow: 503,
  connectionFailure: 503,
  reset: 503,
  timeout: 504,
  responseTooLarge: 0,
  closed: 0,
};

/**
 * One request to one host of a cluster and its response, made by the proxy itself: waits for the pool and keeps meanwhile what is to be
 * sent. Callbacks may come from inside `start` and `sendData`. Source: Envoy's `AsyncStreamImpl`.
 */
export class AsyncStream implements AsyncCall, PoolCallbacks, ResponseDecoder, StreamCallbacks {
  readonly cluster: ThreadLocalCluster;
  private readonly clock: Clock;
  private readonly headers: RequestHeaderMap;
  private readonly headersEndStream: boolean;
  private readonly callbacks: AsyncStreamCallbacks;
  private readonly onOver: (stream: AsyncStream) => void;
  private host: Host | null = null;
  private pending: PendingStream | null = null;
  private encoder: RequestEncoder | null = null;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private requestEnded: boolean;
  private requestEndMs = -1;
  private responseEnded = false;
  private responseStarted = false;
  private highWatermarks = 0;
  private connectionProtocol = "";
  private over = false;

  /** `onOver` is called once, when nothing more can come, also after `cancel`. */
  constructor(
    cluster: ThreadLocalCluster,
    headers: RequestHeaderMap,
    endStream: boolean,
    callbacks: AsyncStreamCallbacks,
    clock: Clock,
    onOver: (stream: AsyncStream) => void,
  ) {
    this.cluster = cluster;
    this.headers = headers;
    this.headersEndStream = endStream;
    this.requestEnded = endStream;
    this.callbacks = callbacks;
    this.clock = clock;
    this.onOver = onOver;
  }

  /** Chooses a host and asks its pool for a connection. */
  start(): void {
    if (this.headersEndStream) this.requestEndMs = this.clock.nowMs();
    const host = this.cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT);
    if (host === null) {
      this.#fail("noHealthyHost", "no healthy upstream");
      return;
    }
    this.host = host;
    const wishes = connectionWishes(this.cluster.info.wishes, null, this.headers);
    const pending = this.cluster.httpPool(host, "default", "", wishes).newStream(this, this);
    if (!this.over && this.encoder === null) this.pending = pending;
  }

  /** Of the host that was chosen; `""` = none was. */
  get hostAddress(): string {
    return this.host === null ? "" : this.host.addressText;
  }

  /** Of the connection that it got; `""` = none. */
  get protocol(): string {
    return this.connectionProtocol;
  }

  /** Whether nothing more comes of it. */
  get isOver(): boolean {
    return this.over;
  }

  /** Whether a byte of the response has come. */
  get hasResponse(): boolean {
    return this.responseStarted;
  }

  /** Bytes that wait for a connection. */
  get unsentBytes(): number {
    return this.waitingBytes;
  }

  /** Whether the host takes what is sent too slowly: more than the cluster's buffer limit waits. */
  get isBackedUp(): boolean {
    return this.highWatermarks > 0;
  }

  /** Sends body; `data` belongs to the stream from now on. The caller bounds what it sends by `unsentBytes` and `isBackedUp`. */
  sendData(data: Buffer, endStream: boolean): void {
    if (this.over || this.requestEnded) return;
    if (endStream) {
      this.requestEnded = true;
      this.requestEndMs = this.clock.nowMs();
    }
    if (this.encoder !== null) {
      this.encoder.encodeData(data, endStream);
      return;
    }
    this.waiting.push(data);
    this.waitingBytes += data.length;
  }

  cancel(): void {
    if (this.over) return;
    this.#leave(true);
  }

  /** Gives it up because it took too long, and counts that. `onFailure` follows. */
  timeOut(): void {
    if (this.over) return;
    this.cluster.info.stats.rq.timeout.inc();
    if (this.host !== null) this.host.stats.rqTimeout++;
    this.#fail("timeout", "request timeout");
  }

  /** Gives it up; `onFailure` follows. */
  abort(reason: AsyncFailureReason, details: string): void {
    if (!this.over) this.#fail(reason, details);
  }

  // ---- from the pool ----

  onPoolReady(encoder: RequestEncoder, _host: Host, connection: UpstreamConnectionInfo): void {
    this.connectionProtocol = connection.protocol;
    this.pending = null;
    this.encoder = encoder;
    encoder.stream.setCallbacks(this);
    encoder.encodeHeaders(this.headers, this.headersEndStream);
    const waiting = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    for (let i = 0; i < waiting.length && !this.over; i++) {
      encoder.encodeData(waiting[i]!, this.requestEnded && i === waiting.length - 1);
    }
  }

  onPoolFailure(reason: PoolFailureReason, transportFailureReason: string): void {
    this.pending = null;
    if (this.over) return;
    if (this.host !== null) this.host.stats.rqError++;
    if (reason === "overflow") this.#fail("overflow", "a circuit breaker is open");
    else this.#fail("connectionFailure", transportFailureReason === "" ? reason : transportFailureReason);
  }

  // ---- from the codec ----

  decode1xxHeaders(): void {}

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.over) return;
    this.responseStarted = true;
    const hostStats = this.host!.stats;
    if (headers.status >= 500) hostStats.rqError++;
    else hostStats.rqSuccess++;
    const { responses } = this.cluster.info.stats;
    if (endStream) this.#onResponseEnd();
    if (this.callbacks.retries?.(headers.status) === true) {
      responses.chargeRetriedResponse(headers.status);
      this.#leave(true);
      return;
    }
    responses.chargeResponse(headers.status, TRAITS);
    this.callbacks.onHeaders(headers, endStream);
    if (endStream) this.#endIfComplete();
  }

  decodeData(data: Buffer, endStream: boolean): void {
    if (this.over) return;
    if (endStream) this.#onResponseEnd();
    this.callbacks.onData(data, endStream);
    if (endStream) this.#endIfComplete();
  }

  decodeTrailers(trailers: TrailerMap): void {
    if (this.over) return;
    this.#onResponseEnd();
    this.callbacks.onTrailers(trailers);
    this.#endIfComplete();
  }

  onResetStream(reason: StreamResetReason, details: string): void {
    if (this.over) return;
    if (this.responseEnded) {
      this.#leave(false);
      return;
    }
    this.encoder = null;
    if (reason !== "local reset") this.cluster.info.stats.rq.rxReset.inc();
    this.host!.stats.rqError++;
    this.#fail("reset", details === "" ? reason : `${reason}: ${details}`);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.highWatermarks++;
  }
  onBelowWriteBufferLowWatermark(): void {
    if (this.highWatermarks > 0) this.highWatermarks--;
  }

  #onResponseEnd(): void {
    this.responseEnded = true;
    if (this.requestEndMs < 0) return;
    this.cluster.info.stats.responses.chargeTime(this.clock.nowMs() - this.requestEndMs, TRAITS);
  }

  /** A response that is complete ends the request too: nobody wants the rest of it. */
  #endIfComplete(): void {
    if (!this.over && this.responseEnded) this.#leave(!this.requestEnded);
  }

  #fail(reason: AsyncFailureReason, details: string): void {
    if (!this.responseStarted && this.callbacks.retries?.(reason) === true) {
      this.#leave(true);
      return;
    }
    const charged = CHARGED[reason];
    if (charged > 0 && !this.responseStarted) this.cluster.info.stats.responses.chargeResponse(charged, TRAITS);
    this.#leave(true);
    this.callbacks.onFailure({ reason, details });
  }

  #leave(resetStream: boolean): void {
    this.over = true;
    this.pending?.cancel();
    this.pending = null;
    this.waiting = [];
    this.waitingBytes = 0;
    const encoder = this.encoder;
    this.encoder = null;
    if (resetStream && encoder !== null) {
      if (!this.responseEnded) this.cluster.info.stats.rq.txReset.inc();
      encoder.stream.reset("local reset");
    }
    this.onOver(this);
  }
}
