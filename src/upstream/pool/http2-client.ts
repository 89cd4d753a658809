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
import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { OpenedConnection, OpenedConnectionOwner } from "./opened-connection.ts";
import { PoolClient } from "./pool-client.ts";

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

/** One HTTP/2 connection of a pool. Many streams at a time. */
export class Http2Client
  extends PoolClient<Http2ClientState>
  implements OpenedConnectionOwner, ClientConnectionCallbacks, Http2ClientHooks
{
  activeStreams = 0;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly bufferLimitBytes: number;

  private readonly owner: Http2ClientOwner;
  /** Made when the connection is there. */
  private codec: ClientConnection | null = null;

  /** `opened` is connecting or connected, and not started yet; if it is connected, `onConnected` is to be called. */
  constructor(opened: OpenedConnection, owner: Http2ClientOwner) {
    super(opened);
    const { info, environment } = opened;
    this.owner = owner;
    this.timers = environment.timers;
    this.random = environment.random;
    this.bufferLimitBytes = info.perConnectionBufferLimitBytes;
    this.stats.cx.http2Total.inc();
    opened.start(this);
  }

  get protocol(): Protocol {
    return Protocol.http2;
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
    if (this.noteRequest()) this.drain();
    return encoder;
  }

  drain(): void {
    if (this.state !== "ready") return;
    this.state = "draining";
    this.owner.onClientDraining(this);
    if (!this.dispatching) this.#closeIfDrained();
  }

  // ---- from the connection ----

  onConnected(): void {
    if (this.state !== "connecting") return;
    if (!this.noteConnected("http2")) return;
    const { info, environment } = this.opened;
    this.idleSinceMs = this.connectedAtMs;
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
      this.end("localClose", true);
      return;
    } finally {
      this.dispatching = false;
    }
    this.#closeIfDrained();
  }

  onEndOfStream(): void {
    this.end("remoteClose");
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
    this.end("localClose");
  }

  // ---- inside ----

  #closeIfDrained(): void {
    if (this.state === "draining" && this.activeStreams === 0) this.end("localClose", true);
  }

  /** `flush`: what was written, such as GOAWAY, still goes out. */
  protected end(event: ConnectionCloseEvent, flush = false): void {
    if (this.state === "closed") return;
    const before = this.noteEnd(event, this.activeStreams > 0);
    if (before === "ready") this.owner.onClientDraining(this);
    this.connection.close(flush ? "flushWrite" : "noFlush");
    this.codec?.onRemoteClose();
    this.owner.onClientClosed(this, before);
  }
}
