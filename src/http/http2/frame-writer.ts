import type { LateWriter } from "../../base/late-writer.ts";
import type { FloodGuard } from "./flood-guard.ts";
import { CLIENT_PREFACE, ErrorCode, FRAME_HEAD_BYTES, FrameFlag, FrameType } from "./frame.ts";
import type { HpackEncoder } from "./hpack/hpack-encoder.ts";
import type { LateSink } from "./late-sink.ts";

const SLAB_BYTES = 32 * 1024;
/** With less room than this, a slab is not worth taking again. */
const SLAB_END_BYTES = 1024;
const SPARE_SLAB_LIMIT = 8;
/** Up to this size a body is copied behind its frame head; above, it goes as the buffer it came in. */
const COPY_LIMIT_BYTES = 2048;
/** Header blocks that may need more are put together elsewhere and cut into frames. */
const INLINE_BLOCK_BYTES = 8 * 1024;

/** Memory that frames are written into, one behind the other and never twice: what is sent may still be in use. */
interface Slab {
  readonly bytes: Buffer;
  used: number;
}

/** Slabs of this thread that no connection is writing into. */
const spareSlabs: Slab[] = [];

/**
 * Writes the frames of one connection. Small ones are gathered in a slab and handed to the sink when the event loop's turn ends,
 * so that all that the reads of a turn bring leaves in one piece; larger bodies follow as the buffers they came in.
 */
export class FrameWriter implements LateWriter {
  readonly #sink: LateSink;
  readonly #guard: FloodGuard;
  #slab: Slab | null = null;
  #start = 0;
  /** A header block too large for the slab, while it is put together. */
  #largeBlock: Buffer | null = null;

  constructor(sink: LateSink, guard: FloodGuard) {
    this.#sink = sink;
    this.#guard = guard;
  }

  /** Bytes that were not handed to the sink yet. */
  get pendingBytes(): number {
    return this.#slab === null ? 0 : this.#slab.used - this.#start;
  }

  /** For the sink, at the end of the turn. */
  writeLate(): void {
    this.#handOver();
    const slab = this.#slab!;
    this.#slab = null;
    if (slab.bytes.length - slab.used >= SLAB_END_BYTES && spareSlabs.length < SPARE_SLAB_LIMIT) spareSlabs.push(slab);
  }

  preface(): void {
    const slab = this.#reserve(CLIENT_PREFACE.length);
    slab.bytes.set(CLIENT_PREFACE, slab.used);
    slab.used += CLIENT_PREFACE.length;
    this.#guard.onFrameWritten(CLIENT_PREFACE.length, false);
  }

  /** `settings`: pairs of identifier and value. */
  settings(settings: readonly number[]): void {
    const slab = this.#head(settings.length * 3, FrameType.settings, 0, 0, true);
    for (let i = 0; i < settings.length; i += 2) {
      slab.used = slab.bytes.writeUInt16BE(settings[i]!, slab.used);
      slab.used = slab.bytes.writeUInt32BE(settings[i + 1]!, slab.used);
    }
  }

  settingsAck(): void {
    this.#head(0, FrameType.settings, FrameFlag.ack, 0, true);
  }

  /** `opaque`: eight bytes at `at`. */
  ping(opaque: Buffer, at: number, isAck: boolean): void {
    const slab = this.#head(8, FrameType.ping, isAck ? FrameFlag.ack : 0, 0, true);
    opaque.copy(slab.bytes, slab.used, at, at + 8);
    slab.used += 8;
  }

  goAway(lastStreamId: number, code: ErrorCode, debug: string): void {
    const text = code === ErrorCode.noError ? "" : debug;
    const slab = this.#head(8 + text.length, FrameType.goAway, 0, 0, false);
    slab.used = slab.bytes.writeUInt32BE(lastStreamId, slab.used);
    slab.used = slab.bytes.writeUInt32BE(code, slab.used);
    slab.used += slab.bytes.write(text, slab.used, "latin1");
  }

  rstStream(streamId: number, code: ErrorCode): void {
    const slab = this.#head(4, FrameType.rstStream, 0, streamId, true);
    slab.used = slab.bytes.writeUInt32BE(code, slab.used);
  }

  windowUpdate(streamId: number, bytes: number): void {
    const slab = this.#head(4, FrameType.windowUpdate, 0, streamId, false);
    slab.used = slab.bytes.writeUInt32BE(bytes, slab.used);
  }

  /** `data[from, to)` must fit the peer's windows and its largest frame. */
  data(streamId: number, data: Buffer, from: number, to: number, endStream: boolean): void {
    const length = to - from;
    const copies = length <= COPY_LIMIT_BYTES;
    const slab = this.#reserve(FRAME_HEAD_BYTES + (copies ? length : 0));
    putHead(slab, length, FrameType.data, endStream ? FrameFlag.endStream : 0, streamId);
    this.#guard.onDataFrameWritten(FRAME_HEAD_BYTES + length);
    if (copies) {
      slab.bytes.set(length === data.length ? data : data.subarray(from, to), slab.used);
      slab.used += length;
      return;
    }
    this.#handOver();
    this.#sink.write(length === data.length ? data : data.subarray(from, to));
  }

  /** Starts a header block that takes at most `roomBytes`; `encoder` is then to be given its fields. */
  beginHeaders(encoder: HpackEncoder, roomBytes: number): void {
    if (roomBytes > INLINE_BLOCK_BYTES) {
      this.#largeBlock = Buffer.allocUnsafeSlow(roomBytes);
      encoder.begin(this.#largeBlock, 0);
      return;
    }
    const slab = this.#reserve(FRAME_HEAD_BYTES + roomBytes);
    encoder.begin(slab.bytes, slab.used + FRAME_HEAD_BYTES);
  }

  /** Writes what the encoder has made as HEADERS and, if it does not fit one frame, CONTINUATION. Answers how many bytes that took. */
  endHeaders(encoder: HpackEncoder, streamId: number, endStream: boolean, maxFrameBytes: number): number {
    const flags = endStream ? FrameFlag.endStream : 0;
    const block = this.#largeBlock;
    if (block === null) {
      const slab = this.#slab!;
      const length = encoder.end() - slab.used - FRAME_HEAD_BYTES;
      putHead(slab, length, FrameType.headers, flags | FrameFlag.endHeaders, streamId);
      slab.used += length;
      this.#guard.onFrameWritten(FRAME_HEAD_BYTES + length, false);
      return FRAME_HEAD_BYTES + length;
    }
    this.#largeBlock = null;
    const end = encoder.end();
    let written = 0;
    for (let at = 0; at < end || at === 0; at += maxFrameBytes) {
      const length = Math.min(maxFrameBytes, end - at);
      const last = at + length >= end ? FrameFlag.endHeaders : 0;
      const type = at === 0 ? FrameType.headers : FrameType.continuation;
      const slab = this.#reserve(FRAME_HEAD_BYTES);
      putHead(slab, length, type, at === 0 ? flags | last : last, streamId);
      this.#guard.onFrameWritten(FRAME_HEAD_BYTES + length, false);
      written += FRAME_HEAD_BYTES + length;
      this.#handOver();
      this.#sink.write(block.subarray(at, at + length));
    }
    return written;
  }

  #head(length: number, type: number, flags: number, streamId: number, isControl: boolean): Slab {
    const slab = this.#reserve(FRAME_HEAD_BYTES + length);
    putHead(slab, length, type, flags, streamId);
    this.#guard.onFrameWritten(FRAME_HEAD_BYTES + length, isControl);
    return slab;
  }

  /** A slab with room for so many bytes, which will be handed over at the end of the turn. */
  #reserve(bytes: number): Slab {
    let slab = this.#slab;
    if (slab === null) {
      this.#sink.writeLater(this);
    } else if (slab.bytes.length - slab.used < bytes) {
      this.#handOver();
    } else {
      return slab;
    }
    slab = spareSlabs.pop() ?? null;
    if (slab === null || slab.bytes.length - slab.used < bytes) {
      slab = { bytes: Buffer.allocUnsafeSlow(SLAB_BYTES), used: 0 };
    }
    this.#slab = slab;
    this.#start = slab.used;
    return slab;
  }

  #handOver(): void {
    const slab = this.#slab!;
    if (slab.used === this.#start) return;
    const start = this.#start;
    this.#start = slab.used;
    this.#sink.write(slab.bytes.subarray(start, slab.used));
  }
}

function putHead(slab: Slab, length: number, type: number, flags: number, streamId: number): void {
  const bytes = slab.bytes;
  let at = slab.used;
  bytes[at++] = length >>> 16;
  bytes[at++] = (length >>> 8) & 0xff;
  bytes[at++] = length & 0xff;
  bytes[at++] = type;
  bytes[at++] = flags;
  bytes[at++] = streamId >>> 24;
  bytes[at++] = (streamId >>> 16) & 0xff;
  bytes[at++] = (streamId >>> 8) & 0xff;
  bytes[at++] = streamId & 0xff;
  slab.used = at;
}
