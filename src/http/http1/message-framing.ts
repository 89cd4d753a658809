import { CodecError } from "../codec.ts";
import { Http1Details, malformed } from "./codec-details.ts";

/** More digits than this might not be an exact number any more. */
const LENGTH_DIGITS = 15;

/**
 * Value of a `content-length` field: digits only, no sign, no list, no needless zero, at most 15 digits.
 * Throws `CodecError` on anything else: two readers could count it differently (RFC 9112 §6.3).
 */
export function parseContentLength(value: string): number {
  const digits = value.length;
  if (digits === 0 || digits > LENGTH_DIGITS) throw malformed("content-length is not a length");
  let length = 0;
  for (let i = 0; i < digits; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) throw malformed("content-length is not a length");
    length = length * 10 + digit;
  }
  if (digits > 1 && value.charCodeAt(0) === 0x30) throw malformed("content-length starts with a zero");
  return length;
}

const OTHER_CODINGS: ReadonlySet<string> = new Set(["gzip", "x-gzip", "deflate", "compress", "x-compress"]);

/**
 * Accepts a `transfer-encoding` of exactly `chunked` (any case). Throws `CodecError` on anything else: status 501 if it is
 * a well-formed list of known codings that ends with its only `chunked` (RFC 9112 §6.1), 400 if readers could disagree on it.
 */
export function assertChunked(value: string): void {
  if (value === "chunked" || value.toLowerCase() === "chunked") return;
  const codings = value.split(",");
  const last = codings.length - 1;
  const understood = codings.every((raw, i) => {
    const coding = raw.trim().toLowerCase();
    return i === last ? coding === "chunked" : OTHER_CODINGS.has(coding);
  });
  throw new CodecError(
    "transfer-encoding is not exactly chunked",
    Http1Details.invalidTransferEncoding,
    understood ? 501 : 400,
  );
}

const TAB = 0x09;
const CR = 0x0d;

/**
 * Throws `CodecError` if a tab stands around the value of a framing field; [from, start) and from `end` on is the white
 * space. The RFC allows it, but parsers are about that do not, and take the field for another one.
 */
export function assertNoTabAround(text: string, from: number, start: number, end: number): void {
  for (let i = from; i < start; i++) if (text.charCodeAt(i) === TAB) throw tabAround();
  for (let i = end; text.charCodeAt(i) !== CR; i++) if (text.charCodeAt(i) === TAB) throw tabAround();
}

function tabAround(): CodecError {
  return malformed("a tab stands beside the value of a framing field");
}
