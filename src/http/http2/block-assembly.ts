import { PendingBytes } from "../http1/pending-bytes.ts";
import { flood, Http2Details, protocolError } from "./codec-details.ts";
import { DEFAULT_FRAME_BYTES } from "./frame.ts";

/** A block may come in more bytes than it has when it is decoded, but not in any number. */
const ALLOWANCE_BYTES = 16 * 1024;
const CONTINUATION_LIMIT = 8;

/** The header block that a connection is receiving in several frames, if any (RFC 9113 §6.10). */
export class BlockAssembly {
  /** 0 = none. No other frame may come before the block is complete. */
  streamId = 0;
  endStream = false;
  readonly #limitBytes: number;
  #block: PendingBytes | null = null;
  #continuations = 0;

  /** `headBytes`: how large a block may be when it is decoded. */
  constructor(headBytes: number) {
    this.#limitBytes = headBytes * 2 + ALLOWANCE_BYTES;
  }

  /** The first frame's share of the block. */
  begin(streamId: number, endStream: boolean, data: Buffer, from: number, to: number): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.#block = PendingBytes.copyOf(data, from, to);
    this.#continuations = 0;
  }

  /** CONTINUATION. Throws `Http2Error` if it becomes too much, or nothing has begun. */
  append(data: Buffer, from: number, to: number): void {
    const block = this.#block;
    if (block === null) throw protocolError("CONTINUATION without HEADERS");
    const most = Math.max(CONTINUATION_LIMIT, Math.ceil(this.#limitBytes / DEFAULT_FRAME_BYTES));
    if (++this.#continuations > most || block.length + to - from > this.#limitBytes) {
      throw flood("a header block is too large", Http2Details.tooManyHeaders);
    }
    block.append(data, from, to);
  }

  /** All bytes of the block, which is complete. */
  take(): Buffer {
    const block = this.#block!.view();
    this.#block = null;
    this.streamId = 0;
    return block;
  }
}
