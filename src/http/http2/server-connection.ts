import type { TimerWheel } from "../../base/timer-wheel.ts";
import { Protocol, type ServerConnection, type ServerConnectionCallbacks } from "../codec.ts";
import type { ResponseHeaderMap } from "../header-map.ts";
import { Http2Error, protocolError } from "./codec-details.ts";
import type { Http2ServerOptions } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";
import { Http2Connection } from "./connection.ts";
import type { Http2ServerHooks } from "./connection-hooks.ts";
import { toUpgradeRequest } from "./extended-connect.ts";
import { CLIENT_PREFACE, ErrorCode, MAX_WINDOW_BYTES } from "./frame.ts";
import type { HeaderBlock } from "./header-block.ts";
import type { LateSink } from "./late-sink.ts";
import { ServerStream, type ServerStreamOwner } from "./server-stream.ts";
import type { Http2Stream } from "./stream.ts";

/** How many streams that we have reset are remembered: frames for them may still be on their way. */
const REMEMBERED_RESETS = 1024;

/** How far saying goodbye has come. */
const Closing = { no: 0, announced: 1, final: 2 } as const;
type Closing = (typeof Closing)[keyof typeof Closing];

/**
 * The downstream end of an HTTP/2 connection (RFC 9113): any number of requests at a time, up to `max_concurrent_streams`.
 *
 * A connection ends in two steps: `shutdownNotice` tells the client to open no more streams, those on their way still
 * count; `goAway` says which is the last one, and later ones are ignored. When the last stream is gone, `shouldClose` holds.
 *
 * Differs from Envoy: a request whose `host` is another than its `:authority` is malformed.
 */
export class Http2ServerConnection extends Http2Connection implements ServerConnection, ServerStreamOwner {
  readonly protocol = Protocol.http2;
  readonly #options: Http2ServerOptions;
  readonly #callbacks: ServerConnectionCallbacks;
  readonly #hooks: Http2ServerHooks;
  readonly #recentlyReset = new Set<number>();
  #prefaceBytes = 0;
  #closing: Closing = Closing.no;
  #remoteClosed = false;
  /** The client's highest stream that has begun, looked at or not. */
  #highestStreamId = 0;

  constructor(
    options: Http2ServerOptions,
    sink: LateSink,
    callbacks: ServerConnectionCallbacks,
    hooks: Http2ServerHooks,
    stats: Http2CodecStats,
  ) {
    super(options, sink, hooks, stats);
    this.#options = options;
    this.#callbacks = callbacks;
    this.#hooks = hooks;
    this.start(true);
  }

  get shouldClose(): boolean {
    return this.dead || (this.streams.size === 0 && (this.#closing === Closing.final || this.#remoteClosed));
  }

  dispatch(data: Buffer): void {
    if (this.dead) return;
    let at = 0;
    for (; this.#prefaceBytes < CLIENT_PREFACE.length && at < data.length; at++) {
      if (data[at] === CLIENT_PREFACE[this.#prefaceBytes++]) continue;
      const error = protocolError("the connection does not begin as HTTP/2");
      this.fail(error);
      throw error;
    }
    if (at < data.length) this.read(data, at);
  }

  onRemoteClose(): void {
    this.#remoteClosed = true;
    this.endAll("connection termination");
  }

  shutdownNotice(): void {
    if (this.#closing !== Closing.no || this.dead) return;
    this.#closing = Closing.announced;
    this.#sendGoAway(MAX_WINDOW_BYTES);
  }

  goAway(): void {
    if (this.#closing === Closing.final || this.dead) return;
    this.#closing = Closing.final;
    this.#sendGoAway(this.lastAcceptedStreamId);
  }

  wantsToWrite(): boolean {
    return this.streams.size > 0;
  }

  override sendReset(streamId: number, code: ErrorCode): void {
    super.sendReset(streamId, code);
    const remembered = this.#recentlyReset;
    if (remembered.size >= REMEMBERED_RESETS) {
      for (const oldest of remembered) {
        remembered.delete(oldest);
        break;
      }
    }
    remembered.add(streamId);
  }

  override onEndQueued(stream: Http2Stream): void {
    const timeoutMs = this.#options.flushTimeoutMs;
    if (timeoutMs > 0) (stream as ServerStream).watchFlush(timeoutMs);
  }

  /** @internal For the stream. */
  get timers(): TimerWheel {
    return this.hooks.timers;
  }

  /** Writes 1xx or final headers. */
  sendResponseHeaders(stream: ServerStream, headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.dead) return;
    const encoder = this.beginHeaders(headers.list, 3);
    const index = staticStatusIndex(headers.status);
    if (index !== 0) encoder.staticField(index);
    else encoder.field(":status", String(headers.status));
    this.endHeaders(headers.list, stream, endStream);
  }

  protected isIdle(streamId: number): boolean {
    return streamId > this.#highestStreamId || streamId % 2 === 0;
  }

  protected onGoAwayFrame(): void {
    this.#callbacks.onGoAway();
  }

  protected override onStreamsGone(): void {
    this.#hooks.onStreamsGone();
  }

  protected onHeaderBlock(streamId: number, endStream: boolean, data: Buffer, start: number, end: number): void {
    const stream = this.streams.get(streamId) as ServerStream | undefined;
    const underscores = this.#options.headersWithUnderscoresAction;
    if (stream !== undefined) {
      const trailers = this.receiveTrailers(stream, endStream, underscores, data, start, end);
      if (trailers === null) return;
      stream.receiveTrailers(trailers);
      stream.onRemoteEnded();
      return;
    }
    if (streamId % 2 === 0) throw protocolError("a client opens a stream with an even number");
    if (streamId <= this.#highestStreamId) {
      if (!this.#recentlyReset.has(streamId)) {
        throw new Http2Error(ErrorCode.streamClosed, "HEADERS on a stream that has ended");
      }
      this.stats.headersCbNoStream.inc();
      this.decode("trailers", "allow", data, start, end);
      return;
    }
    this.#highestStreamId = streamId;
    const block = this.decode("request", underscores, data, start, end);
    if (this.#closing === Closing.final) return;
    this.lastAcceptedStreamId = streamId;
    this.#newRequest(streamId, endStream, block);
  }

  #newRequest(streamId: number, endStream: boolean, block: HeaderBlock): void {
    if (block.overflown) {
      this.stats.headerOverflow.inc();
      this.#refuse(streamId, ErrorCode.internalError);
      return;
    }
    const headers = block.toRequest(this.options.protocol.allowConnect);
    if (headers === null || (endStream && block.contentLength > 0)) {
      this.refuseMessage(headers === null ? block.problem : "content-length announces a body that does not come");
      this.#refuse(streamId, ErrorCode.protocolError);
      return;
    }
    if (block.hasRejectedUnderscore) {
      this.#refuse(streamId, ErrorCode.protocolError);
      return;
    }
    if (this.streams.size >= this.options.protocol.maxConcurrentStreams) {
      this.stats.streamRefusedErrors.inc();
      this.#refuse(streamId, ErrorCode.refusedStream);
      return;
    }
    const stream = new ServerStream(this, streamId, headers.method === "HEAD");
    stream.receivedHeaders(this.blockBytes);
    stream.remoteStarted = true;
    stream.remoteEnded = endStream;
    stream.remoteLeftBytes = block.contentLength;
    if (headers.protocol !== "") {
      stream.isUpgrade = true;
      toUpgradeRequest(headers, () => this.hooks.random.uuid());
    }
    const asksToGoOn = block.expect === "100-continue" && !this.#options.proxy100Continue;
    if (asksToGoOn) headers.remove("expect");
    this.addStream(stream);
    const decoder = this.#callbacks.newStream(stream);
    stream.decoder = decoder;
    if (stream.gone) return;
    decoder.decodeHeaders(headers, endStream);
    if (endStream) stream.onRemoteEnded();
    else if (asksToGoOn && !stream.responseStarted) stream.sendContinue();
  }

  /** Resets a stream that has not become a request. */
  #refuse(streamId: number, code: ErrorCode): void {
    this.sendReset(streamId, code);
    this.#hooks.onStreamRefused();
  }

  #sendGoAway(lastStreamId: number): void {
    this.stats.goawaySent.inc();
    this.writer.goAway(lastStreamId, ErrorCode.noError, "");
  }
}

/** Index of `:status` with this value in the static table; 0 if it is not there. */
function staticStatusIndex(status: number): number {
  switch (status) {
    case 200:
      return 8;
    case 204:
      return 9;
    case 206:
      return 10;
    case 304:
      return 11;
    case 400:
      return 12;
    case 404:
      return 13;
    case 500:
      return 14;
    default:
      return 0;
  }
}
