import type { TrailerMap } from "../header-map.ts";
import { HEX_VALUE } from "./characters.ts";
import { ExtensionState, mayEndExtension, nextExtensionState } from "./chunk-extension.ts";
import { malformed } from "./codec-details.ts";
import type { HeadLimits } from "./head-parser.ts";
import { TrailerDecoder } from "./trailer-decoder.ts";

/** Length of a body that comes in chunks, for `BodyDecoder.begin`. */
export const BODY_CHUNKED = -1;
/** Length of a body that ends with its connection, for `BodyDecoder.begin`. */
export const BODY_UNTIL_CLOSE = -2;

/** The half of a request or response decoder that takes a body. */
export interface BodyReceiver {
  decodeData(data: Buffer, endStream: boolean): void;
  decodeTrailers(trailers: TrailerMap): void;
}

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;

/** Hexadecimal digits of a chunk size: enough for any body, too few to lose precision. */
const SIZE_DIGITS = 12;
/** Bytes of chunk extensions in one message, so that a body can't be made of them. */
const EXTENSION_LIMIT_BYTES = 16 * 1024;
const NO_BYTES = Buffer.alloc(0);

const State = {
  idle: 0,
  fixed: 1,
  untilClose: 2,
  sizeStart: 3,
  size: 4,
  extension: 5,
  sizeLf: 6,
  chunk: 7,
  chunkCr: 8,
  chunkLf: 9,
  trailerStart: 10,
  trailers: 11,
  endLf: 12,
  complete: 13,
} as const;
type State = (typeof State)[keyof typeof State];

/**
 * Finds the body of one message in the bytes behind its head and hands it on as views of the buffers that came in. The
 * last piece waits until the end of the message is known, or the bytes at hand are used up, so that it can carry
 * `endStream`. Strict: no white space around chunk sizes, CRLF only, extensions checked and dropped.
 */
export class BodyDecoder {
  #state: State = State.idle;
  /** Bytes left of the body or the chunk. */
  #left = 0;
  #sizeDigits = 0;
  #extension: ExtensionState = ExtensionState.nameStart;
  #extensionBytes = 0;
  #lastPiece: Buffer | null = null;
  #trailers: TrailerDecoder | null = null;

  /** Makes ready for a body of `length` bytes (above 0), `BODY_CHUNKED` or `BODY_UNTIL_CLOSE`. */
  begin(length: number): void {
    this.#extensionBytes = 0;
    this.#left = length;
    if (length === BODY_CHUNKED) this.#state = State.sizeStart;
    else this.#state = length === BODY_UNTIL_CLOSE ? State.untilClose : State.fixed;
  }

  /** Whether the whole message has been seen; `finish` must follow. */
  get complete(): boolean {
    return this.#state === State.complete;
  }

  /** Forgets the message; nothing more is handed on, also from a `decode` now under way. */
  abort(): void {
    this.#state = State.idle;
    this.#lastPiece = null;
    this.#trailers?.release();
    this.#trailers = null;
  }

  /**
   * Decodes `data` from `at` on, and answers the position behind what it used: the end of `data` unless the message is
   * complete. Throws `CodecError`.
   */
  decode(data: Buffer, at: number, receiver: BodyReceiver, limits: HeadLimits): number {
    let next = at;
    const end = data.length;
    while (next < end) {
      const state = this.#state;
      if (state === State.complete || state === State.idle) break;
      if (state === State.fixed || state === State.untilClose || state === State.chunk) {
        next = this.#takeBody(data, next, receiver);
      } else if (state === State.trailers) {
        next = this.#takeTrailers(data, next);
      } else {
        this.#step(data[next]!, limits);
        // Only a byte that begins the trailers is not used up here.
        if (this.#state !== State.trailers) next++;
      }
    }
    if (this.#lastPiece !== null && !this.complete) this.#handOn(receiver);
    return next;
  }

  /**
   * Hands on the end of a complete message: its last piece and its trailers, if `withTrailers`. Separate from `decode`, so
   * that the connection is in its new state before the receiver reacts.
   */
  finish(receiver: BodyReceiver, withTrailers: boolean): void {
    const piece = this.#lastPiece ?? NO_BYTES;
    const trailers = withTrailers && this.#trailers !== null ? this.#trailers.trailers() : null;
    this.abort();
    if (trailers === null || trailers.count === 0) {
      receiver.decodeData(piece, true);
      return;
    }
    if (piece.length > 0) receiver.decodeData(piece, false);
    receiver.decodeTrailers(trailers);
  }

  /** As `finish` without trailers, for a body that does not end its stream. */
  finishOpen(receiver: BodyReceiver): void {
    const piece = this.#lastPiece;
    this.abort();
    if (piece !== null) receiver.decodeData(piece, false);
  }

  /** Says that the peer has closed: whether that completes the message. */
  onRemoteClose(): boolean {
    if (this.#state !== State.untilClose) return false;
    this.#state = State.complete;
    return true;
  }

  #takeBody(data: Buffer, at: number, receiver: BodyReceiver): number {
    const available = data.length - at;
    const isWhole = this.#state === State.untilClose || available < this.#left;
    const end = isWhole ? data.length : at + this.#left;
    if (this.#lastPiece !== null) {
      this.#handOn(receiver);
      if (this.#state === State.idle) return data.length;
    }
    this.#lastPiece = at === 0 && end === data.length ? data : data.subarray(at, end);
    if (this.#state === State.untilClose) return end;
    this.#left -= end - at;
    if (this.#left === 0) this.#state = this.#state === State.fixed ? State.complete : State.chunkCr;
    return end;
  }

  #handOn(receiver: BodyReceiver): void {
    const piece = this.#lastPiece!;
    this.#lastPiece = null;
    receiver.decodeData(piece, false);
  }

  #takeTrailers(data: Buffer, at: number): number {
    const next = this.#trailers!.decode(data, at, data.length);
    if (next === -1) return data.length;
    this.#state = State.complete;
    return next;
  }

  /** The states of chunked framing that take one byte. */
  #step(byte: number, limits: HeadLimits): void {
    switch (this.#state) {
      case State.sizeStart:
        this.#left = 0;
        this.#sizeDigits = 0;
        this.#addSizeDigit(byte);
        this.#state = State.size;
        return;
      case State.size:
        this.#stepSize(byte);
        return;
      case State.extension:
        this.#stepExtension(byte);
        return;
      case State.sizeLf:
        expect(byte, LF);
        this.#state = this.#left === 0 ? State.trailerStart : State.chunk;
        return;
      case State.chunkCr:
        expect(byte, CR);
        this.#state = State.chunkLf;
        return;
      case State.chunkLf:
        expect(byte, LF);
        this.#state = State.sizeStart;
        return;
      case State.trailerStart:
        if (byte === CR) {
          this.#state = State.endLf;
          return;
        }
        this.#trailers = new TrailerDecoder(limits);
        this.#state = State.trailers;
        return;
      default:
        expect(byte, LF);
        this.#state = State.complete;
    }
  }

  #stepSize(byte: number): void {
    if (byte === CR) {
      this.#state = State.sizeLf;
    } else if (byte === SEMICOLON) {
      this.#extension = ExtensionState.nameStart;
      this.#state = State.extension;
    } else {
      this.#addSizeDigit(byte);
    }
  }

  #addSizeDigit(byte: number): void {
    const digit = HEX_VALUE[byte]!;
    if (digit === 255) throw malformed("a chunk size is not a hexadecimal number");
    if (++this.#sizeDigits > SIZE_DIGITS) throw malformed("a chunk size is too long");
    this.#left = this.#left * 16 + digit;
  }

  #stepExtension(byte: number): void {
    if (++this.#extensionBytes > EXTENSION_LIMIT_BYTES) throw malformed("the chunk extensions are too long");
    if (byte === CR && mayEndExtension(this.#extension)) {
      this.#state = State.sizeLf;
      return;
    }
    this.#extension = nextExtensionState(this.#extension, byte);
  }
}

function expect(byte: number, wanted: number): void {
  if (byte !== wanted) throw malformed("a chunk does not end where its size says, or not with CRLF");
}
