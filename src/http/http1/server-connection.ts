import { assertInvariant } from "../../base/fatal.ts";
import { type ByteSink, Protocol, type ServerConnection, type ServerConnectionCallbacks } from "../codec.ts";
import { BodyDecoder } from "./body-decoder.ts";
import type { Http1ServerOptions } from "./codec-options.ts";
import type { Http1CodecStats } from "./codec-stats.ts";
import { Http1Connection, NO_BYTES } from "./connection.ts";
import type { Http1ServerHooks } from "./connection-hooks.ts";
import type { HeadReader } from "./head-decoder.ts";
import type { HeadParser } from "./head-parser.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { RequestHead } from "./request-head.ts";
import { ServerStream, type ServerStreamOwner } from "./server-stream.ts";

/** Pipelined bytes kept behind an unfinished request before reading stops. */
const HELD_LIMIT_BYTES = 16 * 1024;
const CONTINUE_RESPONSE = "HTTP/1.1 100 Continue\r\n\r\n";

/** The thread's request head; used up before any callback. */
const requestHead = new RequestHead();

const State = {
  /** Between requests or inside a head. */
  head: 0,
  body: 1,
  /** The request is complete; bytes behind it wait for the end of its response. */
  response: 2,
  /** An upgrade was asked for and not answered yet; bytes wait. */
  upgradePending: 3,
  raw: 4,
  /** No more is decoded: the connection ends with the response in hand, or at once. */
  closed: 5,
} as const;
type State = (typeof State)[keyof typeof State];

/**
 * The downstream end of an HTTP/1.1 connection: one request at a time, the next one only when the response before it is
 * complete. Reading goes on meanwhile, so that a client which leaves is noticed; up to 16 KiB that it sends ahead are
 * kept, then reading stops.
 *
 * After every call that may complete a response, the user looks at `shouldClose` and closes the connection if it is set
 * (flushing first). Bytes that arrive until then are dropped.
 *
 * Differs from Envoy: `newStream` is called when a head is complete, not at its first byte (see `isReadingHead`); bytes
 * behind an upgrade or CONNECT wait until it is accepted and are dropped if it is not; 100 is sent only if the request
 * has not been answered by then.
 */
export class Http1ServerConnection
  extends Http1Connection<Http1ServerOptions, Http1ServerHooks, ServerStream>
  implements ServerConnection, ServerStreamOwner, HeadReader
{
  readonly #callbacks: ServerConnectionCallbacks;
  readonly #stats: Http1CodecStats;
  #state: State = State.head;
  #dispatching = false;
  #closing = false;
  #remoteClosed = false;
  /** Bytes that can't be decoded yet. */
  #held: PendingBytes | null = null;
  #heldPause = false;

  constructor(
    options: Http1ServerOptions,
    sink: ByteSink,
    callbacks: ServerConnectionCallbacks,
    hooks: Http1ServerHooks,
    stats: Http1CodecStats,
  ) {
    super(options, sink, hooks, true);
    this.#callbacks = callbacks;
    this.#stats = stats;
  }

  /** The version of the request in hand, HTTP/1.1 between requests. */
  get protocol(): Protocol {
    return this.stream?.isHttp10 ? Protocol.http10 : Protocol.http11;
  }

  /** Whether the connection has to be closed now, when what was written has gone out. */
  get shouldClose(): boolean {
    return this.#state === State.closed || (this.#remoteClosed && this.stream === null && this.#held === null);
  }

  dispatch(data: Buffer): void {
    assertInvariant(!this.#dispatching, "dispatch is called from inside itself");
    let bytes = data;
    const held = this.#held;
    if (held !== null) {
      held.append(data, 0, data.length);
      if (this.#state === State.response || this.#state === State.upgradePending) {
        this.#pauseIfFull(held);
        return;
      }
      this.#held = null;
      bytes = held.view();
    }
    this.#dispatching = true;
    try {
      this.#decode(bytes);
    } catch (error) {
      this.#stopDecoding();
      throw error;
    } finally {
      this.#dispatching = false;
    }
    if (this.#remoteClosed) this.#settleRemoteClose();
  }

  onRemoteClose(): void {
    if (this.#remoteClosed) return;
    this.#remoteClosed = true;
    // What was kept came before the end.
    if (this.#held !== null && this.#state === State.raw) this.dispatch(NO_BYTES);
    else if (this.#held === null) this.#settleRemoteClose();
  }

  /** Ends what can't be completed any more, once all bytes that came have been used. */
  #settleRemoteClose(): void {
    const stream = this.stream;
    switch (this.#state) {
      case State.raw:
        if (stream!.requestComplete) return;
        stream!.requestComplete = true;
        stream!.decoder!.decodeData(NO_BYTES, true);
        return;
      case State.body:
      case State.upgradePending:
        stream!.resetWith("connection termination", "");
        return;
      case State.head:
        this.head.drop();
        return;
      default:
        return;
    }
  }

  shutdownNotice(): void {
    this.#closing = true;
  }

  goAway(): void {
    this.#closing = true;
  }

  wantsToWrite(): boolean {
    return this.stream !== null;
  }

  /** @internal For the stream. */
  endsWith(stream: ServerStream): boolean {
    return (
      this.#closing ||
      this.#state === State.closed ||
      !stream.keepAlive ||
      stream.upgrades ||
      (stream.responseComplete && !stream.requestComplete) ||
      (this.#remoteClosed && this.#held === null)
    );
  }

  /** @internal For the stream. */
  closeAfterResponse(): void {
    this.#closing = true;
  }

  /** @internal For the stream. */
  onUpgradeAccepted(): void {
    this.#state = State.raw;
    this.#resumeHeld();
  }

  /** @internal For the stream. */
  onResponseComplete(stream: ServerStream): void {
    this.stream = null;
    stream.leave();
    if (!stream.requestComplete || this.#state === State.closed || this.#closing || !stream.keepAlive) {
      this.#stopDecoding();
      return;
    }
    if (this.#state === State.raw) {
      this.#stopDecoding();
      return;
    }
    this.#state = State.head;
    this.#resumeHeld();
  }

  /** @internal For the stream. */
  onStreamReset(_stream: ServerStream): void {
    this.stream = null;
    this.#stopDecoding();
  }

  #decode(data: Buffer): void {
    let at = 0;
    while (at < data.length) {
      switch (this.#state) {
        case State.head:
          at = this.#decodeHead(data, at);
          break;
        case State.body:
          at = this.#decodeBody(data, at);
          break;
        case State.raw:
          this.stream!.received(data.length - at, false);
          this.stream!.decoder!.decodeData(at === 0 ? data : data.subarray(at), false);
          return;
        case State.closed:
          return;
        default:
          this.#hold(at === 0 ? data : data.subarray(at));
          return;
      }
    }
  }

  #decodeHead(data: Buffer, at: number): number {
    const end = this.head.decode(data, at, this.options.headLimits, this);
    if (end === -1) return data.length;
    this.#beginRequest();
    return end;
  }

  readHead(parser: HeadParser, bytes: Buffer, start: number): void {
    requestHead.read(parser, bytes, start, this.options, this.#stats);
  }

  #beginRequest(): void {
    const { headers, bodyLength, upgrades, expectsContinue, protocol, keepAlive } = requestHead;
    const stream = new ServerStream(
      this,
      ++this.requestCount,
      headers.method,
      protocol === Protocol.http10,
      upgrades,
      keepAlive,
    );
    this.stream = stream;
    stream.received(this.head.headBytes, true);
    stream.decoder = this.#callbacks.newStream(stream);
    if (this.stream !== stream) return;
    if (bodyLength !== 0) {
      this.#state = State.body;
      this.body ??= new BodyDecoder();
      this.body.begin(bodyLength);
    } else {
      this.#state = upgrades ? State.upgradePending : State.response;
      stream.requestComplete = !upgrades;
    }
    stream.decoder.decodeHeaders(headers, stream.requestComplete);
    if (expectsContinue && this.stream === stream && !stream.responseStarted) this.sink.writeLatin1(CONTINUE_RESPONSE);
  }

  #decodeBody(data: Buffer, at: number): number {
    const stream = this.stream!;
    const body = this.body!;
    const decoder = stream.decoder!;
    const next = body.decode(data, at, decoder, this.options.headLimits);
    stream.received(next - at, false);
    if (!body.complete) return next;
    if (stream.upgrades) {
      this.#state = State.upgradePending;
      body.finishOpen(decoder);
    } else {
      this.#state = State.response;
      stream.requestComplete = true;
      body.finish(decoder, this.options.enableTrailers);
    }
    return next;
  }

  /** Keeps bytes for later. They came in one read, or were kept before, so no copy is needed. */
  #hold(data: Buffer): void {
    this.#held = new PendingBytes(data);
    this.#pauseIfFull(this.#held);
  }

  #pauseIfFull(held: PendingBytes): void {
    if (held.length < HELD_LIMIT_BYTES || this.#heldPause) return;
    this.#heldPause = true;
    this.hooks.readDisable(true);
  }

  /** The kept bytes can be decoded now. */
  #resumeHeld(): void {
    if (this.#heldPause) {
      this.#heldPause = false;
      this.hooks.readDisable(false);
    }
    if (this.#held !== null && !this.#dispatching) this.hooks.scheduleDispatch();
  }

  #stopDecoding(): void {
    this.#state = State.closed;
    this.dropMessage();
    this.#held = null;
    this.#resumeHeld();
  }
}
