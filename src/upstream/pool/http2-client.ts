import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import {
  type ClientConnection,
  type ClientConnectionCallbacks,
  CodecError,
  Protocol,
  type RequestEncoder,
  type ResponseDecoder,
} from "../../http/codec.ts";
import type { Http2ClientHooks } from "../../http/http2/connection-hooks.ts";
import type { Connection } from "../../net/connection.ts";
import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import type { ClusterStats } from "../cluster-stats.ts";
import { otherProtocolReason } from "./agreed-protocol.ts";
import type { UpstreamConnectionInfo } from "./http-conn-pool.ts";
import type { OpenedConnection, OpenedConnectionOwner } from "./opened-connection.ts";

/** `draining`: what runs goes on, nothing new begins. */
export type Http2ClientState = "connecting" | "ready" | "draining" | "closed";

/** What a server allows at least, as we hope, before it has said anything (RFC 9113 §6.5.2). */
const STREAMS_BEFORE_CONNECTED = 100;

/** What a client tells its pool. */
export interface Http2ClientOwner {
  /** Connected, or there may be room for another stream again. */
  onClientUsable(client: Http2Client): void;
  /** A stream is over, however it ended. */
  onStreamEnded(client: Http2Client): void;
  /** It takes no more streams; those that run go on. */
  onClientDraining(client: Http2Client): void;
  /** Gone for good, and its streams with it. */
  onClientClosed(client: Http2Client, before: Http2ClientState): void;
}

/** One HTTP/2 connection of a pool, from connecting to its end, with its codec. Many streams at a time. */
export class Http2Client
  implements UpstreamConnectionInfo, OpenedConnectionOwner, ClientConnectionCallbacks, Http2ClientHooks
{
  readonly id: number;
  readonly opened: OpenedConnection;
  connectedAtMs = -1;
  tls: TlsConnectionInfo | null = null;
  reused = false;
  state: Http2ClientState = "connecting";
  /** Since when no stream is on it. */
  idleSinceMs = 0;
  activeStreams = 0;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly bufferLimitBytes: number;

  private readonly owner: Http2ClientOwner;
  private readonly stats: ClusterStats;
  private readonly connection: Connection;
  /** Made when the connection is there. */
  private codec: ClientConnection | null = null;
  private readonly maxRequests: number;
  private requestCount = 0;
  private dispatching = false;
  private localAddressText = "";

  /** `opened` is connecting or connected, and not started yet; if it is connected, `onConnected` is to be called. */
  constructor(opened: OpenedConnection, owner: Http2ClientOwner) {
    const { info, environment } = opened;
    this.id = opened.id;
    this.opened = opened;
    this.owner = owner;
    this.timers = environment.timers;
    this.random = environment.random;
    this.bufferLimitBytes = info.perConnectionBufferLimitBytes;
    this.stats = info.stats;
    this.maxRequests = info.maxRequestsPerConnection;
    this.stats.cx.http2Total.inc();
    this.connection = opened.connection;
    this.connection.useHandle();
    opened.start(this);
  }

  get protocol(): Protocol {
    return Protocol.http2;
  }

  get localAddress(): string {
    if (this.localAddressText === "") this.localAddressText = this.connection.localAddress;
    return this.localAddressText;
  }

  /** How many streams it can, or once connected could, take on top of those it has. */
  get capacity(): number {
    if (this.state === "draining" || this.state === "closed") return 0;
    const ofRequests = this.maxRequests === 0 ? Number.POSITIVE_INFINITY : this.maxRequests - this.requestCount;
    const maxStreams =
      this.codec?.maxStreams ??
      Math.min(STREAMS_BEFORE_CONNECTED, this.opened.info.http2Options.protocol.maxConcurrentStreams);
    return Math.max(0, Math.min(maxStreams - this.activeStreams, ofRequests));
  }

  /** Starts a stream; the client must be ready and have capacity. */
  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.activeStreams++;
    const encoder = this.codec!.newStream(decoder);
    if (++this.requestCount === this.maxRequests) {
      this.stats.cx.maxRequests.inc();
      this.drain();
    }
    return encoder;
  }

  /** Closes as soon as no stream needs it. A connecting client goes on. */
  drain(): void {
    if (this.state !== "ready") return;
    this.state = "draining";
    this.owner.onClientDraining(this);
    if (!this.dispatching) this.#closeIfDrained();
  }

  /** Closes now. Streams that it carries are reset. */
  close(): void {
    if (this.state === "closed") return;
    this.opened.failureReason = "localConnectionFailure";
    this.#end("localClose");
  }

  // ---- from the connection ----

  onConnected(): void {
    if (this.state !== "connecting") return;
    const { opened } = this;
    const { info, environment } = opened;
    this.connectedAtMs = this.timers.clock.nowMs();
    this.tls = upstreamTls(this.connection.socket);
    opened.transportFailureReason = otherProtocolReason(info, this.tls, "http2");
    if (opened.transportFailureReason !== "") {
      this.#end("localClose");
      return;
    }
    this.idleSinceMs = this.connectedAtMs;
    opened.noteConnected();
    opened.limitDuration(() => this.drain());
    this.codec = environment.createHttp2Codec(this.connection, this, info);
    this.state = "ready";
    this.owner.onClientUsable(this);
  }

  onData(data: Buffer): void {
    this.dispatching = true;
    try {
      this.codec?.dispatch(data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.stats.cx.protocolError.inc();
      this.#end("localClose", true);
      return;
    } finally {
      this.dispatching = false;
    }
    this.#closeIfDrained();
  }

  onEndOfStream(): void {
    this.#end("remoteClose");
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    if (this.state === "connecting") this.opened.noteConnectFailure(reason);
    this.#end(event);
  }

  onConnectTimeout(): void {
    this.#end("localClose");
  }

  onAboveWriteBufferHighWatermark(): void {
    this.codec?.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.codec?.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  }

  // ---- from the codec ----

  onStreamComplete(_reusable: boolean, wasReset: boolean): void {
    this.activeStreams--;
    if (!wasReset) this.reused = true;
    if (this.activeStreams === 0) this.idleSinceMs = this.timers.clock.nowMs();
    this.owner.onStreamEnded(this);
    if (this.state === "ready") this.owner.onClientUsable(this);
    else if (!this.dispatching) this.#closeIfDrained();
  }

  onGoAway(): void {
    if (this.state !== "ready") return;
    this.stats.cx.closeNotify.inc();
    this.drain();
  }

  onMaxStreamsChanged(): void {
    if (this.state === "ready") this.owner.onClientUsable(this);
  }

  unsentBytes(): number {
    return this.connection.writeBufferedBytes;
  }

  onUnresponsive(): void {
    this.#end("localClose");
  }

  // ---- inside ----

  #closeIfDrained(): void {
    if (this.state === "draining" && this.activeStreams === 0) this.#end("localClose", true);
  }

  /** `flush`: what was written, such as GOAWAY, still goes out. */
  #end(event: ConnectionCloseEvent, flush = false): void {
    if (this.state === "closed") return;
    const before = this.state;
    this.state = "closed";
    this.opened.noteEnd(event, this.activeStreams > 0);
    this.stats.rq.perCx.record(this.requestCount);
    if (before === "ready") this.owner.onClientDraining(this);
    this.connection.close(flush ? "flushWrite" : "noFlush");
    this.codec?.onRemoteClose();
    this.owner.onClientClosed(this, before);
  }
}
