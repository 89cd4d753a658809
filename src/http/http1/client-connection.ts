import { assertInvariant } from "../../base/fatal.ts";
import {
  type ByteSink,
  type ClientConnection,
  type ClientConnectionCallbacks,
  CodecError,
  Protocol,
  type RequestEncoder,
  type ResponseDecoder,
} from "../codec.ts";
import { BODY_UNTIL_CLOSE, BodyDecoder } from "./body-decoder.ts";
import { ClientStream, type ClientStreamOwner } from "./client-stream.ts";
import { malformed } from "./codec-details.ts";
import type { Http1ClientOptions } from "./codec-options.ts";
import { Http1Connection, NO_BYTES } from "./connection.ts";
import type { Http1ClientHooks } from "./connection-hooks.ts";
import type { HeadReader } from "./head-decoder.ts";
import type { HeadParser } from "./head-parser.ts";
import { ResponseHead } from "./response-head.ts";

/** Interim responses before a final one; more are an attack or a loop. */
const INTERIM_LIMIT = 100;

/** The thread's response head; used up before any callback. */
const responseHead = new ResponseHead();

const State = {
  /** No request is waiting: any byte is an error. */
  idle: 0,
  head: 1,
  body: 2,
  raw: 3,
  /** The response is complete, the request is not. */
  request: 4,
  /** No more is decoded. */
  closed: 5,
} as const;
type State = (typeof State)[keyof typeof State];

/**
 * The upstream end of an HTTP/1.1 connection: one request at a time.
 *
 * `onStreamComplete` is called once for each stream, also after a reset (the connection is not reusable then, unless
 * nothing was written). A protocol error resets the stream ("protocol error", with details), reports it as complete and
 * is then thrown from `dispatch`. A connection is reusable only if nothing is left to doubt: both sides complete, kept
 * alive by the peer, no byte behind the response.
 */
export class Http1ClientConnection
  extends Http1Connection<Http1ClientOptions, Http1ClientHooks, ClientStream>
  implements ClientConnection, ClientStreamOwner, HeadReader
{
  readonly maxStreams = 1;
  readonly #callbacks: ClientConnectionCallbacks;
  #state: State = State.idle;
  #protocol: Protocol = Protocol.http11;
  #interimCount = 0;
  #keepAlive = true;

  constructor(
    options: Http1ClientOptions,
    sink: ByteSink,
    callbacks: ClientConnectionCallbacks,
    hooks: Http1ClientHooks,
  ) {
    super(options, sink, hooks, false);
    this.#callbacks = callbacks;
  }

  /** The version of the last response head. */
  get protocol(): Protocol {
    return this.#protocol;
  }

  get sendFullyQualifiedUrl(): boolean {
    return this.options.sendFullyQualifiedUrl;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    assertInvariant(this.#state === State.idle, "an HTTP/1 connection carries one request at a time");
    const stream = new ClientStream(this, ++this.requestCount, decoder);
    this.stream = stream;
    this.#state = State.head;
    this.#interimCount = 0;
    return stream;
  }

  dispatch(data: Buffer): void {
    if (data.length === 0 || this.#state === State.closed) return;
    try {
      this.#decode(data);
    } catch (error) {
      const stream = this.stream;
      this.#stopDecoding();
      if (error instanceof CodecError) stream?.resetWith("protocol error", error.details);
      throw error;
    }
  }

  onRemoteClose(): void {
    const stream = this.stream;
    switch (this.#state) {
      case State.raw:
        if (stream!.responseComplete) return;
        this.#keepAlive = false;
        stream!.responseComplete = true;
        stream!.decoder.decodeData(NO_BYTES, true);
        this.#settle(stream!);
        return;
      case State.body:
        if (this.body!.onRemoteClose()) this.#finishBody(stream!);
        else stream!.resetWith("connection termination", "");
        return;
      case State.head:
        stream!.reset("connection termination");
        return;
      case State.request:
        // The response is whole; what is left of the request has no reader.
        this.#keepAlive = false;
        stream!.requestComplete = true;
        this.#settle(stream!);
        return;
      default:
        this.#stopDecoding();
    }
  }

  /** @internal For the stream. */
  onRequestComplete(stream: ClientStream): void {
    // Nothing but the end of the connection ends one side of a tunnel.
    if (this.#state === State.raw && !stream.responseComplete) this.hooks.closeWrite();
    this.#settle(stream);
  }

  /** @internal For the stream. */
  onStreamReset(_stream: ClientStream, isClean: boolean): void {
    this.stream = null;
    if (isClean && this.#state === State.head) this.#state = State.idle;
    else this.#stopDecoding();
    this.#callbacks.onStreamComplete(this.#state === State.idle, true);
  }

  #decode(data: Buffer): void {
    let at = 0;
    while (at < data.length) {
      const stream = this.stream;
      switch (this.#state) {
        case State.head:
          if (!stream!.requestStarted) throw malformed("the upstream speaks before it is asked");
          at = this.#decodeHead(data, at, stream!);
          break;
        case State.body:
          at = this.#decodeBody(data, at, stream!);
          break;
        case State.raw:
          stream!.received(data.length - at, false);
          stream!.decoder.decodeData(at === 0 ? data : data.subarray(at), false);
          return;
        case State.idle:
          throw malformed("the upstream sends bytes that no request asked for");
        default:
          return;
      }
    }
  }

  #decodeHead(data: Buffer, at: number, stream: ClientStream): number {
    const end = this.head.decode(data, at, this.options.headLimits, this);
    if (end === -1) return data.length;
    stream.received(this.head.headBytes, true);
    this.#beginResponse(stream, end < data.length);
    return end;
  }

  readHead(parser: HeadParser, bytes: Buffer, start: number): void {
    responseHead.read(parser, bytes, start, this.stream!, this.options.preserveCase);
  }

  #beginResponse(stream: ClientStream, hasMore: boolean): void {
    const { headers, bodyLength, isInterim, isRaw, keepAlive, protocol } = responseHead;
    this.#protocol = protocol;
    if (isInterim) {
      if (++this.#interimCount > INTERIM_LIMIT) throw malformed("there are too many interim responses");
      stream.decoder.decode1xxHeaders(headers);
      return;
    }
    this.#keepAlive = keepAlive;
    if (isRaw) {
      this.#state = State.raw;
      stream.decoder.decodeHeaders(headers, false);
      if (this.stream === stream) stream.openTunnel();
      return;
    }
    // A refused tunnel: what the client sent for it, if anything, is of no use to the next request.
    if (stream.isConnect || stream.asksUpgrade) this.#keepAlive = false;
    if (bodyLength === 0) {
      this.#endResponse(stream, hasMore);
      stream.decoder.decodeHeaders(headers, true);
      this.#settle(stream);
      return;
    }
    this.#state = State.body;
    this.body ??= new BodyDecoder();
    this.body.begin(bodyLength);
    if (bodyLength === BODY_UNTIL_CLOSE) this.#keepAlive = false;
    stream.decoder.decodeHeaders(headers, false);
  }

  #decodeBody(data: Buffer, at: number, stream: ClientStream): number {
    const body = this.body!;
    const next = body.decode(data, at, stream.decoder, this.options.headLimits);
    stream.received(next - at, false);
    if (body.complete) {
      if (next < data.length) this.#keepAlive = false;
      this.#finishBody(stream);
      return data.length;
    }
    return next;
  }

  #finishBody(stream: ClientStream): void {
    this.#endResponse(stream, false);
    this.body!.finish(stream.decoder, this.options.enableTrailers);
    this.#settle(stream);
  }

  /** The response is complete; `hasMore` tells that bytes follow it, which nobody asked for. */
  #endResponse(stream: ClientStream, hasMore: boolean): void {
    if (hasMore || !stream.requestComplete) this.#keepAlive = false;
    stream.responseComplete = true;
    this.#state = State.request;
  }

  /** Ends the stream if it is complete in both directions. */
  #settle(stream: ClientStream): void {
    if (this.stream !== stream || !stream.responseComplete || !stream.requestComplete) return;
    this.stream = null;
    // The upstream waits for the rest, and would take the next request for it.
    if (stream.isShort) this.#keepAlive = false;
    stream.leave();
    if (this.#keepAlive) this.#state = State.idle;
    else this.#stopDecoding();
    this.#callbacks.onStreamComplete(this.#keepAlive, false);
  }

  #stopDecoding(): void {
    this.#state = State.closed;
    this.dropMessage();
  }
}
