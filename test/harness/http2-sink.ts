import type { LateWriter } from "../../src/base/late-writer.ts";
import type { LateSink } from "../../src/http/http2/late-sink.ts";
import { describeFrame, WireReader } from "./http2-wire.ts";

/** A sink that keeps bytes, and lets its writer wait until they are taken, as a connection does until the turn ends. */
export class Http2Sink implements LateSink {
  /** Number of takes that brought something. */
  flushes = 0;
  /** What the socket is said not to have taken yet. */
  unsentBytes = 0;
  readonly #reader = new WireReader();
  #parts: Buffer[] = [];
  #writer: LateWriter | null = null;

  write(bytes: Buffer): void {
    this.#parts.push(bytes);
  }

  writeLatin1(text: string): void {
    this.#parts.push(Buffer.from(text, "latin1"));
  }

  writeLater(writer: LateWriter): void {
    if (this.#writer !== null) throw new Error("a sink has one writer, which asks once");
    this.#writer = writer;
  }

  /** Ends the turn: all bytes written since the last one. */
  takeBytes(): Buffer {
    const writer = this.#writer;
    this.#writer = null;
    writer?.writeLate();
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    if (bytes.length > 0) this.flushes++;
    return bytes;
  }

  /** Ends the turn: the frames written since the last one, in words; see `describeFrame`. */
  take(): string[] {
    return this.#reader.read(this.takeBytes()).map((frame) => describeFrame(this.#reader, frame));
  }
}
