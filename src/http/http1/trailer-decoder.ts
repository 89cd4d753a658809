import { internHeaderName, TrailerMap } from "../header-map.ts";
import { acquireHeadParser, FIELD_STRIDE, type HeadLimits, releaseHeadParser } from "./head-parser.ts";
import { KNOWN_NAMES, KnownName } from "./known-header-names.ts";
import { PendingBytes } from "./pending-bytes.ts";

/**
 * Fields that mean something only in a head: framing, routing, credentials, how to read the body (RFC 9110 §6.5.1),
 * and what proxies say of the client (also `x-forwarded-…` and `x-envoy-…`).
 * Dropped from trailers, for whoever merges trailers into headers further on.
 */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set(
  [
    "age authorization cache-control connection content-encoding content-length content-range content-type cookie date",
    "expect expires forwarded host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive location",
    "max-forwards pragma proxy-authenticate proxy-authorization proxy-connection range retry-after set-cookie te trailer",
    "transfer-encoding upgrade vary via www-authenticate x-real-ip x-request-id",
  ].flatMap((line) => line.split(" ")),
);

/** Whether a field of this name (lower case) may be sent as a trailer. */
export function mayBeTrailer(name: string): boolean {
  if (name.startsWith("x-"))
    return !(name.startsWith("x-forwarded-") || name.startsWith("x-envoy-") || FORBIDDEN_TRAILERS.has(name));
  return !FORBIDDEN_TRAILERS.has(name);
}

/** Decodes one trailer section: the fields behind the last chunk, up to an empty line. Made only when there are any. */
export class TrailerDecoder {
  readonly #limits: HeadLimits;
  readonly #parser = acquireHeadParser();
  readonly #pending = PendingBytes.copyOf(Buffer.alloc(0), 0, 0);
  #released = false;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#parser.beginTrailers();
  }

  /**
   * Takes bytes from `data[from, to)`. Answers the position behind the section, or -1 if it goes on.
   * Throws `CodecError` as `HeadParser.parse` does.
   */
  decode(data: Buffer, from: number, to: number): number {
    const before = this.#pending.length;
    this.#pending.append(data, from, to);
    if (!this.#parser.parse(this.#pending.buffer, 0, this.#pending.length, this.#limits)) return -1;
    return from + this.#parser.length - before;
  }

  /** The trailers, without those that may not be ones. To be called once, when `decode` has found the end. */
  trailers(): TrailerMap {
    const { fields, fieldCount, length } = this.#parser;
    const text = this.#pending.buffer.toString("latin1", 0, length);
    const trailers = new TrailerMap();
    for (let i = 0, at = 0; i < fieldCount; i++, at += FIELD_STRIDE) {
      const id = fields[at]!;
      const name =
        id === KnownName.unknown
          ? internHeaderName(text.substring(fields[at + 1]!, fields[at + 2]!))
          : KNOWN_NAMES[id]!;
      if (mayBeTrailer(name)) trailers.add(name, text.substring(fields[at + 3]!, fields[at + 4]!));
    }
    return trailers;
  }

  /** Gives back what it holds. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    releaseHeadParser(this.#parser);
  }
}
