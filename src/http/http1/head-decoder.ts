import { acquireHeadParser, type HeadLimits, type HeadParser, releaseHeadParser } from "./head-parser.ts";
import { PendingBytes } from "./pending-bytes.ts";

/** Takes what a parser has found out before its bytes are gone. */
export interface HeadReader {
  /** The head begins at `start` of `bytes`. */
  readHead(parser: HeadParser, bytes: Buffer, start: number): void;
}

/** Decodes the heads of a connection's messages. One that comes in pieces is kept, up to the limits of a head; others cost nothing. */
export class HeadDecoder {
  readonly #isRequest: boolean;
  /** Of the head that was decoded last. */
  headBytes = 0;
  #partial: PendingBytes | null = null;
  #parser: HeadParser | null = null;

  constructor(isRequest: boolean) {
    this.#isRequest = isRequest;
  }

  /** Whether a part of a head has come. */
  get isPartial(): boolean {
    return this.#partial !== null;
  }

  /** Answers where in `data` the head ends, after `reader` has read it; -1 if it does not end there. Throws `CodecError`. */
  decode(data: Buffer, at: number, limits: HeadLimits, reader: HeadReader): number {
    if (this.#parser !== null) return this.#continue(this.#parser, data, at, limits, reader);
    const parser = acquireHeadParser();
    parser.beginHead(this.#isRequest);
    if (!parser.parse(data, at, data.length, limits)) {
      this.#parser = parser;
      this.#partial = PendingBytes.copyOf(data, at, data.length);
      return -1;
    }
    reader.readHead(parser, data, at);
    this.headBytes = parser.length;
    const end = at + parser.length;
    releaseHeadParser(parser);
    return end;
  }

  /** Forgets the part of a head that has come. */
  drop(): void {
    if (this.#parser !== null) releaseHeadParser(this.#parser);
    this.#parser = null;
    this.#partial = null;
  }

  #continue(parser: HeadParser, data: Buffer, at: number, limits: HeadLimits, reader: HeadReader): number {
    const partial = this.#partial!;
    const before = partial.length;
    partial.append(data, at, data.length);
    if (!parser.parse(partial.buffer, 0, partial.length, limits)) return -1;
    this.headBytes = parser.length;
    const end = at + parser.length - before;
    reader.readHead(parser, partial.buffer, 0);
    this.drop();
    return end;
  }
}
