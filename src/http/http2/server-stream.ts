import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { RequestDecoder, ResponseEncoder, StreamResetReason } from "../codec.ts";
import { ResponseHeaderMap, type TrailerMap } from "../header-map.ts";
import { ErrorCode } from "./frame.ts";
import { Http2Stream, type Http2StreamOwner } from "./stream.ts";

/** What a stream of a server needs of its connection. */
export interface ServerStreamOwner extends Http2StreamOwner {
  readonly timers: TimerWheel;
  sendResponseHeaders(stream: ServerStream, headers: ResponseHeaderMap, endStream: boolean): void;
}

/** One request of a downstream connection and the writer of its response. */
export class ServerStream extends Http2Stream implements ResponseEncoder {
  /** Set right after construction. */
  decoder: RequestDecoder | null = null;
  responseStarted = false;
  /** The request came as extended CONNECT, and its user knows it as an upgrade. */
  isUpgrade = false;
  readonly #server: ServerStreamOwner;
  readonly #isHead: boolean;
  /** The user needs nothing more; the end of its response waits to be sent. */
  #resetWhenSent = false;
  #flushTimer: WheelTimer | null = null;
  #queuedBytesSeen = 0;

  /** `isHead`: the response has no body, whatever the user gives. */
  constructor(connection: ServerStreamOwner, id: number, isHead: boolean) {
    super(connection);
    this.#server = connection;
    this.#isHead = isHead;
    this.id = id;
  }

  /**
   * Ends the stream. A response that was handed over whole and waits for the peer's windows is still sent.
   * Differs from Envoy: a response that is cut short is reset with INTERNAL_ERROR, not NO_ERROR, which a peer could take for a
   * whole one.
   */
  override reset(reason: StreamResetReason): void {
    if (reason === "local reset" && this.endQueued && !this.localEnded && !this.gone) {
      this.#resetWhenSent = true;
      this.callbacks = null;
      return;
    }
    super.reset(reason);
  }

  protected resetCode(): ErrorCode {
    return this.localEnded ? ErrorCode.noError : ErrorCode.internalError;
  }

  receiveData(data: Buffer, endStream: boolean): void {
    if (!this.#resetWhenSent) this.decoder!.decodeData(data, endStream);
  }

  receiveTrailers(trailers: TrailerMap): void {
    if (!this.#resetWhenSent) this.decoder!.decodeTrailers(trailers);
  }

  /** Asks for the body. */
  sendContinue(): void {
    if (!this.gone) this.#server.sendResponseHeaders(this, new ResponseHeaderMap(100), false);
  }

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    if (this.gone || this.responseStarted || headers.status < 100 || headers.status > 199 || headers.status === 101)
      return;
    headers.remove("content-length");
    this.#server.sendResponseHeaders(this, headers, false);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.gone || this.responseStarted) return;
    // RFC 8441 §5: the stream is open with 200, as it is with 101 in HTTP/1.
    if (this.isUpgrade && headers.status === 101) headers.status = 200;
    if (headers.status < 200 || headers.status > 999) {
      this.resetWith(ErrorCode.internalError, "protocol error", "");
      return;
    }
    this.responseStarted = true;
    // What the user says behind the end of a response that has no body is not heard.
    const ends = endStream || this.#isHead || headers.status === 204 || headers.status === 304;
    this.endQueued = ends;
    if (ends) this.localEnded = true;
    this.#server.sendResponseHeaders(this, headers, ends);
    if (ends) this.afterEnd();
  }

  override afterEnd(): void {
    super.afterEnd();
    if (this.#resetWhenSent) this.resetWith(ErrorCode.noError, "local reset", "");
  }

  /** Watches that the rest of the response is taken; looks for progress each `timeoutMs`. */
  watchFlush(timeoutMs: number): void {
    this.#queuedBytesSeen = this.queuedBytes;
    this.#flushTimer ??= this.#server.timers.timer(() => this.#onFlushTimer(timeoutMs));
    this.#flushTimer.arm(timeoutMs);
  }

  #onFlushTimer(timeoutMs: number): void {
    if (this.gone) return;
    if (this.queuedBytes !== this.#queuedBytesSeen) {
      this.watchFlush(timeoutMs);
      return;
    }
    this.#server.stats.txFlushTimeout.inc();
    this.resetWith(ErrorCode.cancel, "local reset", "");
  }

  protected override onLeft(): void {
    this.#flushTimer?.disarm();
  }
}
