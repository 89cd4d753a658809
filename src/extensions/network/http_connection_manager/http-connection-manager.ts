import { IdleWatch } from "../../../base/idle-watch.ts";
import type { WheelTimer } from "../../../base/timer-wheel.ts";
import {
  CodecError,
  type RequestDecoder,
  type ResponseEncoder,
  type ServerConnectionCallbacks,
} from "../../../http/codec.ts";
import type { Http1ConnectionHooks } from "../../../http/http1/connection-hooks.ts";
import { rawErrorResponse } from "../../../http/http1/raw-error-response.ts";
import { Http1ServerConnection } from "../../../http/http1/server-connection.ts";
import { ResponseFlag, StreamInfo } from "../../../http/stream-info.ts";
import type { Connection, ConnectionCloseEvent } from "../../../net/connection.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import { FilterStatus, type ReadFilter, type ReadFilterCallbacks } from "../../../net/network-filter.ts";
import { ActiveStream, type StreamConnection } from "./active-stream.ts";
import type { HcmRuntime } from "./hcm-runtime.ts";
import { type HeadDeadline, RequestHeadWatch } from "./request-head-watch.ts";

const NO_BYTES = Buffer.alloc(0);

/**
 * One downstream HTTP connection: makes the codec, gives each request a stream, and decides when the connection ends.
 * The last network filter of its chain. Source: Envoy's `ConnectionManagerImpl`.
 * Differs from Envoy: idle HTTP/1 connections of a draining listener are not closed at once; they hear
 * `Connection: close` with their next response or end with the drain time, so that no request is lost on the way. When the
 * process ends, they have two seconds for that.
 */
export class HttpConnectionManager
  implements ReadFilter, ServerConnectionCallbacks, Http1ConnectionHooks, StreamConnection
{
  readonly runtime: HcmRuntime;
  private callbacks!: ReadFilterCallbacks;
  private codec: Http1ServerConnection | null = null;
  private stream: ActiveStream | null = null;
  private closing = false;
  /** The peer has ended the connection, though it is we who close it then. */
  private remoteClosed = false;
  private requests = 0;
  private readonly startedAtMs: number;
  private idleSinceMs: number;
  private streamIdleWatch: IdleWatch | null = null;
  private idleTimer: WheelTimer | null = null;
  private durationTimer: WheelTimer | null = null;
  /** Made for the first head that does not come in one piece. */
  private headWatch: RequestHeadWatch | null = null;

  constructor(runtime: HcmRuntime) {
    this.runtime = runtime;
    this.startedAtMs = runtime.clock.nowMs();
    this.idleSinceMs = this.startedAtMs;
  }

  initialize(callbacks: ReadFilterCallbacks): void {
    this.callbacks = callbacks;
    // Here and not with the new connection, which a filter before this one may refuse: `onClose` comes all the same.
    this.runtime.stats.cxTotal.inc();
    this.runtime.stats.cxActive.inc();
    callbacks.connection.setStats(this.runtime.stats.connection);
    callbacks.connection.setDelayedCloseTimeoutMs(this.runtime.data.delayedCloseTimeoutMs);
  }

  onNewConnection(): FilterStatus {
    const { data, timers } = this.runtime;
    if (data.idleTimeoutMs > 0) {
      this.idleTimer = timers.timer(() => this.#onIdleTimer());
      this.idleTimer.arm(data.idleTimeoutMs);
    }
    if (data.maxConnectionDurationMs > 0) {
      this.durationTimer = timers.timer(() => this.#onMaxDuration());
      this.durationTimer.arm(data.maxConnectionDurationMs);
    }
    return FilterStatus.continue;
  }

  onData(data: Buffer, endStream: boolean): FilterStatus {
    const codec = this.codec ?? this.#createCodec();
    try {
      if (data.length > 0 || !endStream) codec.dispatch(data);
      if (codec.isReadingHead || this.headWatch !== null) this.#watchHead(codec);
      if (endStream) this.#onRemoteClose(codec);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#onCodecError(error);
    }
    return FilterStatus.stopIteration;
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    const { stats, clock } = this.runtime;
    const local = event === "localClose" && !this.remoteClosed;
    stats.cxDestroy.inc();
    (local ? stats.cxDestroyLocal : stats.cxDestroyRemote).inc();
    if (this.stream !== null) {
      stats.cxDestroyActiveRq.inc();
      (local ? stats.cxDestroyLocalActiveRq : stats.cxDestroyRemoteActiveRq).inc();
      this.stream.onConnectionClosed(local ? "downstream_local_disconnect" : "downstream_remote_disconnect", reason);
    }
    stats.cxActive.dec();
    if (this.codec !== null) stats.cxHttp1Active.dec();
    stats.cxLengthMs.record(clock.nowMs() - this.startedAtMs);
    this.streamIdleWatch?.stop();
    this.headWatch?.update(false);
    this.idleTimer?.disarm();
    this.durationTimer?.disarm();
  }

  onAboveWriteBufferHighWatermark(): void {
    this.codec?.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  }
  onBelowWriteBufferLowWatermark(): void {
    this.codec?.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  }

  onDrain(): void {
    this.codec?.shutdownNotice();
  }

  closeIfIdle(): void {
    if (this.closing || this.stream !== null || this.codec?.isReadingHead === true) return;
    this.runtime.stats.cxDrainClose.inc();
    this.closing = true;
    // A request that is on its way already finds a closed connection and no reset.
    this.connection.close("flushWriteAndDelay");
  }

  // ---- for the codec ----

  newStream(encoder: ResponseEncoder): RequestDecoder {
    const { data, stats } = this.runtime;
    stats.rqTotal.inc();
    stats.rqHttp1Total.inc();
    stats.rqActive.inc();
    this.requests++;
    if (data.maxRequestsPerConnection > 0 && this.requests === data.maxRequestsPerConnection) {
      stats.cxMaxRequestsReached.inc();
      this.closing = true;
    }
    this.stream = new ActiveStream(this, encoder, this.codec!.protocol);
    return this.stream;
  }

  onGoAway(): void {}

  readDisable(disable: boolean): void {
    this.connection.readDisable(disable);
  }

  scheduleDispatch(): void {
    process.nextTick(() => {
      if (this.connection.isOpen) this.connection.inEvent(() => this.onData(NO_BYTES, false));
    });
  }

  // ---- for the stream ----

  get info(): DownstreamConnectionInfo {
    return this.callbacks.info;
  }
  get bufferLimitBytes(): number {
    return this.connection.bufferLimitBytes;
  }
  get streamIdle(): IdleWatch {
    this.streamIdleWatch ??= new IdleWatch(this.runtime.timers);
    return this.streamIdleWatch;
  }
  get isHttp1(): boolean {
    return true;
  }

  shouldClose(): boolean {
    if (!this.closing && this.callbacks.drainClose()) {
      this.runtime.stats.cxDrainClose.inc();
      this.closing = true;
    }
    return this.closing;
  }

  closeAfterResponse(): void {
    this.closing = true;
  }

  onStreamDone(stream: ActiveStream, aborted: boolean): void {
    // A pipelined request may have begun while the response before it was being finished.
    if (this.stream === stream) this.stream = null;
    if (this.closing || aborted || this.codec!.shouldClose) {
      this.connection.close("flushWriteAndDelay");
      return;
    }
    this.idleSinceMs = this.runtime.clock.nowMs();
  }

  // ---- inside ----

  /** The peer's FIN. It leaves: what it has not got yet it will not get, and its upstream is free at once, as in Envoy. */
  #onRemoteClose(codec: Http1ServerConnection): void {
    this.remoteClosed = true;
    codec.onRemoteClose();
    this.stream?.onConnectionClosed("downstream_remote_disconnect", "");
    this.connection.close("flushWrite");
  }

  private get connection(): Connection {
    return this.callbacks.connection;
  }

  #createCodec(): Http1ServerConnection {
    const { stats, http1Options, http1Stats } = this.runtime;
    stats.cxHttp1Total.inc();
    stats.cxHttp1Active.inc();
    this.codec = new Http1ServerConnection(http1Options, this.connection, this, this, http1Stats);
    return this.codec;
  }

  #watchHead(codec: Http1ServerConnection): void {
    const { timers, headDeadline } = this.runtime;
    this.headWatch ??= new RequestHeadWatch(timers, headDeadline, (deadline) => this.#onHeadTimeout(deadline));
    this.headWatch.update(codec.isReadingHead);
  }

  #onHeadTimeout({ error, stat }: HeadDeadline): void {
    this.runtime.stats[stat].inc();
    this.closing = true;
    this.#answerWithoutStream(error, stat === "rqIdleTimeout" ? ResponseFlag.SI : null);
    this.connection.close("flushWriteAndDelay");
  }

  #onCodecError(error: CodecError): void {
    this.headWatch?.update(false);
    this.runtime.stats.cxProtocolError.inc();
    if (this.stream !== null) {
      this.stream.onCodecError(error);
    } else {
      this.#answerWithoutStream(error, ResponseFlag.DPE);
    }
    // The peer may go on sending what we can't read; it gets our answer, and no more of our time.
    this.connection.close("flushWriteAndDelay");
  }

  /** Bytes that never became a request: there is no stream, but an answer, stats and a log line are due all the same. */
  #answerWithoutStream(error: CodecError, flag: ResponseFlag | null): void {
    const { clock, stats, accessLogs } = this.runtime;
    const nowMs = clock.nowMs();
    const info = new StreamInfo(this.info, "HTTP/1.1", nowMs, clock.wallMs());
    if (flag !== null) info.setResponseFlag(flag);
    info.responseCode = error.status;
    info.responseCodeDetails = error.details;
    info.completedMs = nowMs;
    stats.rqTotal.inc();
    stats.rqHttp1Total.inc();
    stats.chargeResponse(error.status);
    this.connection.writeLatin1(rawErrorResponse(error));
    for (const log of accessLogs) {
      log.log({
        requestHeaders: null,
        responseHeaders: null,
        responseTrailers: null,
        streamInfo: info,
        accessLogType: "DownstreamEnd",
      });
    }
  }

  /** Requests only note when the connection fell idle; whether that is long enough ago is decided here. */
  #onIdleTimer(): void {
    const timeoutMs = this.runtime.data.idleTimeoutMs;
    const idleMs = this.stream === null ? this.runtime.clock.nowMs() - this.idleSinceMs : 0;
    if (idleMs < timeoutMs) {
      this.idleTimer!.arm(timeoutMs - idleMs);
      return;
    }
    this.runtime.stats.cxIdleTimeout.inc();
    this.connection.close("flushWrite");
  }

  #onMaxDuration(): void {
    this.runtime.stats.cxMaxDurationReached.inc();
    this.closing = true;
    if (this.stream === null) this.connection.close("flushWrite");
  }
}
