import { PendingBytes } from "../http1/pending-bytes.ts";
import { Http2Error, protocolError } from "./codec-details.ts";
import { DEFAULT_FRAME_BYTES, ErrorCode, FRAME_HEAD_BYTES, FrameFlag, FrameType } from "./frame.ts";

/** Takes the frames that a `FrameReader` finds. May throw `Http2Error`; the reader is not to be used afterwards. */
export interface FrameHandler {
  /** A whole frame other than DATA; its payload is `data[start, end)`, which is valid during the call. */
  onFrame(type: number, flags: number, streamId: number, data: Buffer, start: number, end: number): void;
  /** A DATA frame begins: `length` is all of its payload, `padding` of it the padding and its length field. */
  onDataHead(streamId: number, length: number, padding: number, endStream: boolean): void;
  /** Body of the frame announced last, as it comes; `isLast` once for each frame, perhaps without bytes. The buffer is the callee's. */
  onDataBytes(streamId: number, bytes: Buffer, isLast: boolean): void;
}

const NO_BYTES = Buffer.alloc(0);

/** Cuts a byte stream into frames. DATA is passed on as it comes; other frames, which are small, when they are whole. */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** A frame, or only its head, that is not complete. */
  #partial: PendingBytes | null = null;
  #dataStreamId = 0;
  #dataLeft = 0;
  #paddingLeft = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Whether part of a frame other than DATA has come. */
  get isInFrame(): boolean {
    return this.#partial !== null;
  }

  read(data: Buffer, from: number): void {
    let at = from;
    while (at < data.length) {
      if (this.#dataLeft > 0) at = this.#readData(data, at);
      else if (this.#paddingLeft > 0) at = this.#skipPadding(data, at);
      else if (this.#partial !== null) at = this.#completeFrame(this.#partial, data, at);
      else {
        const next = this.#readFrame(data, at, data.length);
        if (next === -1) {
          this.#partial = PendingBytes.copyOf(data, at, data.length);
          return;
        }
        at = next;
      }
    }
  }

  #readData(data: Buffer, at: number): number {
    const end = Math.min(data.length, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    const bytes = end - at === data.length ? data : data.subarray(at, end);
    this.#handler.onDataBytes(this.#dataStreamId, bytes, this.#dataLeft === 0);
    return end;
  }

  #skipPadding(data: Buffer, at: number): number {
    const end = Math.min(data.length, at + this.#paddingLeft);
    this.#paddingLeft -= end - at;
    return end;
  }

  /** Adds to a frame as much as it lacks. */
  #completeFrame(partial: PendingBytes, data: Buffer, at: number): number {
    const end = Math.min(data.length, at + missingBytes(partial));
    partial.append(data, at, end);
    if (partial.length < FRAME_HEAD_BYTES || this.#readFrame(partial.buffer, 0, partial.length) === -1) return end;
    this.#partial = null;
    return end;
  }

  /** Reads the frame at `at`, of DATA only the head; answers the position behind it, or -1 if it is not complete. */
  #readFrame(data: Buffer, at: number, end: number): number {
    if (end - at < FRAME_HEAD_BYTES) return -1;
    const length = payloadLength(data, at);
    if (length > DEFAULT_FRAME_BYTES) {
      throw new Http2Error(ErrorCode.frameSizeError, `a frame of ${length} bytes is larger than allowed`);
    }
    const type = data[at + 3]!;
    const flags = data[at + 4]!;
    const streamId = ((data[at + 5]! & 0x7f) << 24) | (data[at + 6]! << 16) | (data[at + 7]! << 8) | data[at + 8]!;
    const start = at + FRAME_HEAD_BYTES;
    if (type === FrameType.data) return this.#beginData(data, start, end, length, flags, streamId);
    if (end - start < length) return -1;
    this.#handler.onFrame(type, flags, streamId, data, start, start + length);
    return start + length;
  }

  #beginData(data: Buffer, start: number, end: number, length: number, flags: number, streamId: number): number {
    const padded = (flags & FrameFlag.padded) !== 0;
    if (padded && length > 0 && end === start) return -1;
    const padding = padded ? 1 + (length > 0 ? data[start]! : 0) : 0;
    if (padding > length) throw protocolError("a DATA frame has more padding than payload");
    const endStream = (flags & FrameFlag.endStream) !== 0;
    this.#handler.onDataHead(streamId, length, padding, endStream);
    this.#dataStreamId = streamId;
    this.#dataLeft = length - padding;
    this.#paddingLeft = padded ? padding - 1 : 0;
    if (this.#dataLeft === 0) this.#handler.onDataBytes(streamId, NO_BYTES, true);
    return padded ? start + 1 : start;
  }
}

function payloadLength(data: Buffer, at: number): number {
  return (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
}

function missingBytes(partial: PendingBytes): number {
  if (partial.length < FRAME_HEAD_BYTES) return FRAME_HEAD_BYTES - partial.length;
  const isData = partial.buffer[3] === FrameType.data;
  return FRAME_HEAD_BYTES + (isData ? 1 : payloadLength(partial.buffer, 0)) - partial.length;
}
