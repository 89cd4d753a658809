import { IdMap } from "../../../base/id-map.ts";
import { IdleWatch } from "../../../base/idle-watch.ts";
import type { RandomSource } from "../../../base/random.ts";
import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import {
  CodecError,
  type RequestDecoder,
  type ResponseEncoder,
  type ServerConnection,
  type ServerConnectionCallbacks,
} from "../../../http/codec.ts";
import type { Http1ServerHooks } from "../../../http/http1/connection-hooks.ts";
import { Http1ServerConnection } from "../../../http/http1/server-connection.ts";
import { flood, Http2Error } from "../../../http/http2/codec-details.ts";
import type { Http2ServerHooks } from "../../../http/http2/connection-hooks.ts";
import { Http2ServerConnection } from "../../../http/http2/server-connection.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { Connection } from "../../../net/connection.ts";
import type { ConnectionCloseEvent } from "../../../net/connection-callbacks.ts";
import type { ConnectionUse, StreamUse } from "../../../net/connection-use.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import { FilterStatus, type ReadFilter, type ReadFilterCallbacks } from "../../../net/network-filter.ts";
import { ActiveStream, type StreamConnection } from "./active-stream.ts";
import { answerWithoutStream } from "./answer-without-stream.ts";
import { DrainSequence } from "./drain-sequence.ts";
import type { HcmRuntime } from "./hcm-runtime.ts";
import { PrematureResets } from "./premature-resets.ts";
import { detectProtocol } from "./protocol-detection.ts";
import { type HeadDeadline, RequestHeadWatch } from "./request-head-watch.ts";
import { statusText } from "./status-text.ts";

const NO_BYTES = Buffer.alloc(0);
/** How many watches of HTTP/2 streams are kept for the next ones. */
const SPARE_IDLE_WATCHES = 100;

/**
 * One downstream HTTP connection: makes the codec, gives each request a stream, and decides when the connection ends.
 * The last network filter of its chain. Source: Envoy's `ConnectionManagerImpl`.
 * Differs from Envoy: idle HTTP/1 connections of a draining listener are not closed at once; they hear
 * `Connection: close` with their next response or end with the drain time, so that no request is lost on the way. When the
 * process ends, they have two seconds for that.
 */
export class HttpConnectionManager
  implements ReadFilter, ServerConnectionCallbacks, Http1ServerHooks, Http2ServerHooks, StreamConnection
{
  readonly runtime: HcmRuntime;
  private callbacks!: ReadFilterCallbacks;
  private codec: ServerConnection | null = null;
  /** HTTP/1: the request in hand. */
  private stream: ActiveStream | null = null;
  /** HTTP/2: all requests. Null on HTTP/1, as is what follows. */
  private streams: IdMap<ActiveStream> | null = null;
  private drain: DrainSequence | null = null;
  private prematureResets: PrematureResets | null = null;
  private spareIdleWatches: IdleWatch[] | null = null;
  /** First bytes that don't tell the protocol yet. */
  private firstBytes: Buffer | null = null;
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
    if (callbacks.info.isTls) {
      this.runtime.stats.cxSslTotal.inc();
      this.runtime.stats.cxSslActive.inc();
    }
    callbacks.connection.setStats(this.runtime.stats.connection);
    callbacks.connection.useHandle();
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
    const codec = this.codec ?? this.#chooseCodec(data);
    if (codec === null) {
      if (endStream) this.connection.close("flushWrite");
      return FilterStatus.stopIteration;
    }
    const bytes = this.firstBytes ?? data;
    this.firstBytes = null;
    try {
      if (bytes.length > 0 || !endStream) codec.dispatch(bytes);
      if (codec.isReadingHead || this.headWatch !== null) this.#watchHead(codec);
      if (endStream) this.#onRemoteClose(codec);
      else if (this.streams !== null) this.#closeIfDone();
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
    if (this.#hasStreams) {
      stats.cxDestroyActiveRq.inc();
      (local ? stats.cxDestroyLocalActiveRq : stats.cxDestroyRemoteActiveRq).inc();
      this.#endStreams(local ? "downstream_local_disconnect" : "downstream_remote_disconnect", reason);
    }
    stats.cxActive.dec();
    if (this.info.isTls) stats.cxSslActive.dec();
    if (this.streams !== null) {
      stats.cxHttp2Active.dec();
      // Also what it still had to send of responses that are complete.
      this.codec!.onRemoteClose();
      this.drain?.stop();
      for (const watch of this.spareIdleWatches!) watch.stop();
    } else if (this.codec !== null) stats.cxHttp1Active.dec();
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
    if (this.drain !== null) this.drain.start();
    else this.codec?.shutdownNotice();
  }

  closeIfIdle(): void {
    if (this.drain !== null && !this.closing && this.#hasStreams) {
      this.closing = true;
      this.drain.finish();
      return;
    }
    if (this.closing || this.#hasStreams || this.codec?.isReadingHead === true) return;
    this.runtime.stats.cxDrainClose.inc();
    this.closing = true;
    this.codec?.goAway();
    // A request that is on its way already finds a closed connection and no reset.
    this.connection.close("flushWriteAndDelay");
  }

  // ---- for people who ask ----

  describe(): ConnectionUse {
    const streams = this.#streamsInHand();
    let lastActivityMs = this.idleSinceMs;
    for (const stream of streams) lastActivityMs = Math.max(lastActivityMs, stream.lastActivityMs);
    const protocol = this.codec === null ? "" : this.codec.protocol;
    const activeStreams = streams.length;
    return { protocol, requests: this.requests, activeStreams, lastActivityMs, cluster: "", host: "", attempt: 0 };
  }

  *describeStreams(): Generator<StreamUse> {
    for (const stream of this.#streamsInHand()) yield stream.describe();
  }

  #streamsInHand(): readonly ActiveStream[] {
    if (this.streams !== null) return this.streams.values();
    return this.stream === null ? [] : [this.stream];
  }

  // ---- for the codec ----

  newStream(encoder: ResponseEncoder): RequestDecoder {
    const { data, stats } = this.runtime;
    stats.rqTotal.inc();
    (this.streams === null ? stats.rqHttp1Total : stats.rqHttp2Total).inc();
    stats.rqActive.inc();
    this.requests++;
    if (data.maxRequestsPerConnection > 0 && this.requests === data.maxRequestsPerConnection) {
      stats.cxMaxRequestsReached.inc();
      this.#windUp();
    }
    const stream = new ActiveStream(this, encoder, this.codec!.protocol);
    if (this.streams === null) this.stream = stream;
    else this.streams.set(stream.id, stream);
    return stream;
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

  // ---- for the HTTP/2 codec ----

  get timers(): TimerWheel {
    return this.runtime.timers;
  }
  get random(): RandomSource {
    return this.runtime.random;
  }

  unsentBytes(): number {
    return this.connection.writeBufferedBytes;
  }

  onStreamsGone(): void {
    this.idleSinceMs = this.runtime.clock.nowMs();
    this.#closeIfDone();
  }

  onStreamRefused(): void {
    this.onPrematureReset();
  }

  onUnresponsive(): void {
    this.connection.close("noFlush");
  }

  // ---- for the stream ----

  get info(): DownstreamConnectionInfo {
    return this.callbacks.info;
  }
  get bufferLimitBytes(): number {
    return this.connection.bufferLimitBytes;
  }
  takeIdleWatch(): IdleWatch {
    const spare = this.spareIdleWatches;
    if (spare !== null) return spare.pop() ?? new IdleWatch(this.runtime.timers);
    this.streamIdleWatch ??= new IdleWatch(this.runtime.timers);
    return this.streamIdleWatch;
  }
  get isHttp1(): boolean {
    return this.streams === null;
  }

  shouldClose(): boolean {
    if (!this.closing && this.drain?.hasStarted !== true && this.callbacks.drainClose()) {
      this.runtime.stats.cxDrainClose.inc();
      this.#windUp();
    }
    return this.closing;
  }

  onPrematureReset(): void {
    const resets = this.prematureResets;
    if (resets === null || resets.note()) return;
    this.runtime.stats.rqTooManyPrematureResets.inc();
    // Through the codec, so that nothing of what it has read becomes a request any more.
    throw flood("too many premature resets", "too_many_premature_resets");
  }

  closeAfterResponse(): void {
    this.closing = true;
  }

  onStreamDone(stream: ActiveStream, aborted: boolean): void {
    if (this.streams !== null) {
      this.streams.delete(stream.id);
      // Its timer may stay armed: the next stream is watched by it.
      if (this.spareIdleWatches!.length < SPARE_IDLE_WATCHES) this.spareIdleWatches!.push(stream.idleWatch);
      else stream.idleWatch.stop();
      return;
    }
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
  #onRemoteClose(codec: ServerConnection): void {
    this.remoteClosed = true;
    codec.onRemoteClose();
    this.#endStreams("downstream_remote_disconnect", "");
    this.connection.close("flushWrite");
  }

  get #hasStreams(): boolean {
    return this.stream !== null || (this.streams !== null && this.streams.size > 0);
  }

  #endStreams(details: string, terminationDetails: string): void {
    this.stream?.onConnectionClosed(details, terminationDetails);
    if (this.streams === null) return;
    for (const stream of this.streams.values()) stream.onConnectionClosed(details, terminationDetails);
  }

  /** No request but those that are on their way. */
  #windUp(): void {
    if (this.drain !== null) this.drain.start();
    else this.closing = true;
  }

  /** HTTP/2: after the last stream of a connection that was wound up. */
  #closeIfDone(): void {
    if (this.codec!.shouldClose) this.connection.close("flushWriteAndDelay");
  }

  private get connection(): Connection {
    return this.callbacks.connection;
  }

  /** Null if the first bytes do not tell yet. */
  #chooseCodec(data: Buffer): ServerConnection | null {
    const { codec } = this.runtime.data;
    if (codec !== "auto") return this.#createCodec(codec);
    const bytes = this.firstBytes === null ? data : Buffer.concat([this.firstBytes, data]);
    this.firstBytes = bytes;
    const protocol = detectProtocol(this.info.alpnProtocol, bytes);
    if (protocol !== null) return this.#createCodec(protocol);
    this.#updateHeadWatch(bytes.length > 0);
    return null;
  }

  #createCodec(protocol: "http1" | "http2"): ServerConnection {
    const { stats, http1Options, http1Stats } = this.runtime;
    if (protocol === "http2") return this.#createHttp2Codec();
    stats.cxHttp1Total.inc();
    stats.cxHttp1Active.inc();
    this.codec = new Http1ServerConnection(http1Options, this.connection, this, this, http1Stats);
    return this.codec;
  }

  #createHttp2Codec(): ServerConnection {
    const { stats, http2Options, http2Stats, clock, timers, data } = this.runtime;
    stats.cxHttp2Total.inc();
    stats.cxHttp2Active.inc();
    const codec = new Http2ServerConnection(http2Options, this.connection, this, this, http2Stats);
    this.codec = codec;
    this.streams = new IdMap();
    this.spareIdleWatches = [];
    this.prematureResets = new PrematureResets(clock);
    this.drain = new DrainSequence(codec, timers, data.drainTimeoutMs, () => this.#closeIfDone());
    return codec;
  }

  #watchHead(codec: ServerConnection): void {
    this.#updateHeadWatch(codec.isReadingHead);
  }

  #updateHeadWatch(isReadingHead: boolean): void {
    const { timers, headDeadline } = this.runtime;
    this.headWatch ??= new RequestHeadWatch(timers, headDeadline, (deadline) => this.#onHeadTimeout(deadline));
    this.headWatch.update(isReadingHead);
  }

  #onHeadTimeout({ error, stat }: HeadDeadline): void {
    this.runtime.stats[stat].inc();
    this.closing = true;
    if (this.streams !== null) {
      this.codec!.goAway();
      this.#endStreams("downstream_local_disconnect", "");
    } else this.#answerWithoutStream(error, error.message, stat === "rqIdleTimeout" ? ResponseFlag.SI : null);
    this.connection.close("flushWriteAndDelay");
  }

  #onCodecError(error: CodecError): void {
    this.headWatch?.update(false);
    if (!(error instanceof Http2Error && error.isFlood)) this.runtime.stats.cxProtocolError.inc();
    if (this.streams !== null) {
      // The codec has said GOAWAY.
      for (const stream of this.streams.values()) stream.onConnectionError(error);
    } else if (this.stream !== null) {
      this.stream.onCodecError(error);
    } else {
      this.#answerWithoutStream(error, statusText(error.status), ResponseFlag.DPE);
    }
    // The peer may go on sending what we can't read; it gets our answer, and no more of our time.
    this.connection.close("flushWriteAndDelay");
  }

  #answerWithoutStream({ status, details }: CodecError, body: string, flag: ResponseFlag | null): void {
    answerWithoutStream({ status, body, details }, flag, this.runtime, this.connection, this.info);
  }

  /** Requests only note when the connection fell idle; whether that is long enough ago is decided here. */
  #onIdleTimer(): void {
    const timeoutMs = this.runtime.data.idleTimeoutMs;
    // The head of a request that has begun to come in has a deadline of its own, if there is any.
    const readsHead = this.runtime.headDeadline !== null && this.codec?.isReadingHead === true;
    const isIdle = !this.#hasStreams && !readsHead && this.codec?.wantsToWrite() !== true;
    const idleMs = isIdle ? this.runtime.clock.nowMs() - this.idleSinceMs : 0;
    if (idleMs < timeoutMs) {
      this.idleTimer!.arm(timeoutMs - idleMs);
      return;
    }
    this.runtime.stats.cxIdleTimeout.inc();
    if (this.drain !== null) this.drain.start();
    else this.connection.close("flushWrite");
  }

  #onMaxDuration(): void {
    this.runtime.stats.cxMaxDurationReached.inc();
    this.#windUp();
    if (this.closing && this.stream === null) this.connection.close("flushWrite");
  }
}
