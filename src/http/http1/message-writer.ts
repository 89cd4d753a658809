import type { ByteSink } from "../codec.ts";
import type { HeaderMap } from "../header-map.ts";
import type { HeaderNameFormat } from "../header-name-format.ts";
import { HeadWriter } from "./head-writer.ts";

/** How the bytes of a body that is being written are framed. */
export const BodyFraming = {
  /** The message has no body; data is dropped. */
  none: 0,
  fixed: 1,
  chunked: 2,
  /** Everything up to the end of the connection: close-delimited bodies, tunnels, accepted upgrades. */
  raw: 3,
} as const;
export type BodyFraming = (typeof BodyFraming)[keyof typeof BodyFraming];

/** The thread's head writer. Its fields are good until the next head is written. */
export const headWriter: HeadWriter = new HeadWriter();

/** Chunks up to this size are copied into one piece with their framing: cheaper than three pieces. */
const COPY_LIMIT_BYTES = 512;

/**
 * Writes the body of one message as its head has announced it. Never writes more than a content-length allows, so that no
 * byte of a body can be taken for the next message.
 */
export class BodyWriter {
  readonly #sink: ByteSink;
  /** With the framing of chunks, and trailers. */
  writtenBytes = 0;
  #framing: BodyFraming = BodyFraming.none;
  #left = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** `length` matters for `fixed` only. */
  begin(framing: BodyFraming, length: number): void {
    this.#framing = framing;
    this.#left = length;
  }

  /** Writes one piece; nothing of it stays with the caller. */
  write(data: Buffer, endStream: boolean): void {
    switch (this.#framing) {
      case BodyFraming.fixed:
        this.#writeFixed(data);
        return;
      case BodyFraming.chunked:
        this.#writeChunk(data, endStream);
        return;
      case BodyFraming.raw:
        if (data.length > 0) this.#writeBytes(data);
        return;
      default:
        return;
    }
  }

  /** Ends a body with trailers; they are written only if it is chunked and `enabled`. */
  writeTrailers(trailers: HeaderMap, enabled: boolean, format: HeaderNameFormat | null): void {
    if (this.#framing !== BodyFraming.chunked) return;
    this.#writeText(enabled ? `0\r\n${headWriter.writeTrailers(trailers, format)}\r\n` : "0\r\n\r\n");
  }

  /** Whether the peer was promised more than it got: the connection can't carry another message. */
  get isShort(): boolean {
    return this.#framing === BodyFraming.fixed && this.#left > 0;
  }

  #writeFixed(data: Buffer): void {
    const fits = data.length <= this.#left;
    const piece = fits ? data : data.subarray(0, this.#left);
    this.#left -= piece.length;
    if (piece.length > 0) this.#writeBytes(piece);
  }

  #writeChunk(data: Buffer, endStream: boolean): void {
    const length = data.length;
    if (length === 0) {
      if (endStream) this.#writeText("0\r\n\r\n");
      return;
    }
    const size = `${length.toString(16)}\r\n`;
    const end = endStream ? "\r\n0\r\n\r\n" : "\r\n";
    if (length <= COPY_LIMIT_BYTES) {
      this.#writeText(size + data.toString("latin1", 0, length) + end);
      return;
    }
    this.#writeText(size);
    this.#writeBytes(data);
    this.#writeText(end);
  }

  #writeBytes(data: Buffer): void {
    this.writtenBytes += data.length;
    this.#sink.write(data);
  }

  #writeText(text: string): void {
    this.writtenBytes += text.length;
    this.#sink.writeLatin1(text);
  }
}
