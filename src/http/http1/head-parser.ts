import { CodecError } from "../codec.ts";
import { TARGET_BYTE, TOKEN_LOWER, VALUE_BYTE } from "./characters.ts";
import { Http1Details, malformed } from "./codec-details.ts";
import { findKnownName } from "./known-header-names.ts";

const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const SP = 0x20;
const DEL = 0x7f;
const COLON = 0x3a;

/** `HTTP/1.` */
const HTTP_1 = Uint8Array.of(0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e);

/** Where the parser stands between two bytes. */
const State = {
  beforeStartLine: 0,
  beforeStartLineLf: 1,
  startLine: 2,
  startLineLf: 3,
  lineStart: 4,
  name: 5,
  valueStart: 6,
  value: 7,
  valueLf: 8,
  endLf: 9,
} as const;
type State = (typeof State)[keyof typeof State];

/** Numbers kept for each field; see `HeadParser.fields`. */
export const FIELD_STRIDE = 5;
const FIELDS_AT_FIRST = 32;

/** What a head may hold. */
export interface HeadLimits {
  /** Bytes of the whole head, from its first byte to the end of the empty line. */
  readonly headBytes: number;
  /** Fields, counting repeated ones. */
  readonly fieldCount: number;
}

/**
 * Splits the head of a message, or a trailer section, into a start line and fields, in one pass over the bytes, without
 * making a string. It can stop after any byte and go on when more have come; each byte is looked at once.
 *
 * Strict (RFC 9112): lines end with CRLF and nothing else, names are tokens with the colon right behind, no line folding,
 * no control characters but tab in values. Empty lines before a request line are skipped (RFC 9112 §2.2).
 * All offsets count from the start of the head.
 */
export class HeadParser {
  /**
   * `FIELD_STRIDE` numbers for each field: number of the known name or -1, start and end of the name, start and end of
   * the value without white space around it. Grows as needed; valid up to `fieldCount`.
   */
  fields = new Int32Array(FIELDS_AT_FIRST * FIELD_STRIDE);
  fieldCount = 0;
  /** The start line is at [startLineStart, startLineEnd), with its first two spaces, or -1, and how many it has. */
  startLineStart = 0;
  startLineEnd = 0;
  firstSpace = -1;
  secondSpace = -1;
  spaceCount = 0;
  /** The start line has been found to hold `HTTP/1.0` or `HTTP/1.1` where it must; the last digit. */
  minorVersion = 1;
  /** Whether the start line holds bytes above 0x7f, as a reason phrase may. */
  hasHighBytes = false;
  /** Bytes of the head so far; its length once it is complete. */
  length = 0;

  private state: State = State.beforeStartLine;
  private isRequest = false;
  private tokenStart = 0;
  private nameEnd = 0;

  /** Makes ready for the head of a request or a response. */
  beginHead(isRequest: boolean): void {
    this.isRequest = isRequest;
    this.fieldCount = 0;
    this.firstSpace = -1;
    this.secondSpace = -1;
    this.spaceCount = 0;
    this.hasHighBytes = false;
    this.length = 0;
    this.state = State.beforeStartLine;
  }

  /** Makes ready for a trailer section: fields up to an empty line. */
  beginTrailers(): void {
    this.beginHead(false);
    this.state = State.lineStart;
  }

  /**
   * Goes on with a head that stands in `data[base, dataEnd)`; the first `length` bytes of it have been seen already
   * (perhaps in another buffer). Answers whether the head is complete; it ends at `base + length` then.
   * Throws `CodecError` on the first byte that can't be, or past a limit.
   */
  parse(data: Buffer, base: number, dataEnd: number, limits: HeadLimits): boolean {
    const limit = base + limits.headBytes;
    const end = Math.min(dataEnd, limit);
    let at = base + this.length;
    while (at < end) {
      switch (this.state) {
        case State.lineStart:
          at = this.scanLines(data, at, end, base, limits);
          break;
        case State.value:
          at = this.scanValue(data, at, end, base, limits);
          break;
        case State.name:
          at = this.scanName(data, at, end, base);
          break;
        case State.startLine:
          at = this.scanStartLine(data, at, end, base);
          break;
        case State.endLf:
          if (data[at] !== LF) throw malformed("a CR at the end of the head is not followed by LF");
          this.length = at + 1 - base;
          return true;
        default:
          at = this.step(data, at, base);
      }
    }
    this.length = at - base;
    if (at === limit) throw new CodecError("the head is larger than allowed", Http1Details.headersTooLarge, 431);
    return false;
  }

  /** The states that take one byte. */
  private step(data: Buffer, at: number, base: number): number {
    const byte = data[at]!;
    switch (this.state) {
      case State.beforeStartLine:
        if (byte === CR && this.isRequest) {
          this.state = State.beforeStartLineLf;
          return at + 1;
        }
        this.startLineStart = at - base;
        this.state = State.startLine;
        return at;
      case State.beforeStartLineLf:
        this.expectLf(byte, State.beforeStartLine);
        return at + 1;
      case State.startLineLf:
      case State.valueLf:
        this.expectLf(byte, State.lineStart);
        return at + 1;
      default:
        // State.valueStart
        if (byte === SP || byte === TAB) return at + 1;
        this.tokenStart = at - base;
        this.state = State.value;
        return at;
    }
  }

  private expectLf(byte: number, next: State): void {
    if (byte !== LF) throw malformed("a CR is not followed by LF");
    this.state = next;
  }

  private scanStartLine(data: Buffer, from: number, end: number, base: number): number {
    let at = from;
    for (;;) {
      while (at < end && TARGET_BYTE[data[at]!] === 1) at++;
      if (at === end) return at;
      const byte = data[at]!;
      if (byte === CR) {
        this.startLineEnd = at - base;
        this.checkStartLine(data, base);
        this.state = State.startLineLf;
        return at + 1;
      }
      if (byte > DEL) {
        this.hasHighBytes = true;
        at++;
        continue;
      }
      if (byte !== SP) throw malformed("the start line holds a control character");
      this.spaceCount++;
      if (this.firstSpace === -1) this.firstSpace = at - base;
      else if (this.secondSpace === -1) this.secondSpace = at - base;
      at++;
    }
  }

  /** Looks at once whether this is HTTP/1 at all: a peer that speaks something else may wait for our answer. */
  private checkStartLine(data: Buffer, base: number): void {
    let version = this.startLineStart;
    if (this.isRequest) {
      if (this.spaceCount !== 2) throw malformed("the request line has not three parts");
      version = this.secondSpace + 1;
    }
    const versionEnd = this.isRequest ? this.startLineEnd : this.firstSpace;
    if (versionEnd - version !== HTTP_1.length + 1) throw malformed("the version is not HTTP/1.x");
    const at = base + version;
    for (let i = 0; i < HTTP_1.length; i++) {
      if (data[at + i] !== HTTP_1[i]) throw malformed("the version is not HTTP/1.x");
    }
    this.minorVersion = data[at + HTTP_1.length]! - 0x30;
    if (this.minorVersion !== 0 && this.minorVersion !== 1) {
      throw malformed("the version is neither HTTP/1.0 nor HTTP/1.1");
    }
  }

  /**
   * Whole lines, as long as there are any: one loop without a detour over the states. A line that is not complete is left
   * to the states.
   */
  private scanLines(data: Buffer, from: number, end: number, base: number, limits: HeadLimits): number {
    let at = from;
    while (at < end) {
      const first = data[at]!;
      if (first === CR) {
        this.state = State.endLf;
        return at + 1;
      }
      if (first === SP || first === TAB) throw malformed("a header line is folded or starts with white space");
      this.tokenStart = at - base;
      at = this.scanName(data, at, end, base);
      // Nearly always there is one space.
      if (at < end && data[at] === SP) at++;
      if (at === end) return at;
      const byte = data[at]!;
      if (byte === SP || byte === TAB) return at;
      this.tokenStart = at - base;
      at = this.scanValue(data, at, end, base, limits);
      if (at === end) return at;
      if (data[at] !== LF) throw malformed("a CR is not followed by LF");
      at++;
      this.state = State.lineStart;
    }
    return at;
  }

  private scanName(data: Buffer, from: number, end: number, base: number): number {
    let at = from;
    while (at < end && TOKEN_LOWER[data[at]!] !== 0) at++;
    if (at === end) {
      this.state = State.name;
      return at;
    }
    if (data[at] !== COLON) throw malformed("a header name holds a character it may not");
    this.nameEnd = at - base;
    if (this.nameEnd === this.tokenStart) throw malformed("a header has no name");
    this.beginField(data, base);
    this.state = State.valueStart;
    return at + 1;
  }

  private beginField(data: Buffer, base: number): void {
    const index = this.fieldCount * FIELD_STRIDE;
    if (index === this.fields.length) {
      const larger = new Int32Array(this.fields.length * 2);
      larger.set(this.fields);
      this.fields = larger;
    }
    const fields = this.fields;
    fields[index] = findKnownName(data, base + this.tokenStart, base + this.nameEnd);
    fields[index + 1] = this.tokenStart;
    fields[index + 2] = this.nameEnd;
  }

  private scanValue(data: Buffer, from: number, end: number, base: number, limits: HeadLimits): number {
    let at = from;
    while (at < end && VALUE_BYTE[data[at]!] === 1) at++;
    if (at === end) {
      this.state = State.value;
      return at;
    }
    if (data[at] !== CR) {
      throw new CodecError("a header value holds a control character", Http1Details.invalidCharacters);
    }
    this.endField(data, at, base, limits);
    this.state = State.valueLf;
    return at + 1;
  }

  private endField(data: Buffer, at: number, base: number, limits: HeadLimits): void {
    const start = base + this.tokenStart;
    let end = at;
    while (end > start && (data[end - 1] === SP || data[end - 1] === TAB)) end--;
    const index = this.fieldCount * FIELD_STRIDE;
    this.fields[index + 3] = this.tokenStart;
    this.fields[index + 4] = end - base;
    this.fieldCount++;
    if (this.fieldCount > limits.fieldCount) {
      throw new CodecError("the head has more headers than allowed", Http1Details.tooManyHeaders, 431);
    }
  }
}

/** Parsers not in use on this thread. Kept few: a parser is needed beyond one read only while a head trickles in. */
const idleParsers: HeadParser[] = [];
const IDLE_LIMIT = 16;

/** Takes a parser out of the thread's store; give it back with `releaseHeadParser`. */
export function acquireHeadParser(): HeadParser {
  return idleParsers.pop() ?? new HeadParser();
}

/** Gives a parser back. One that has grown large is dropped. */
export function releaseHeadParser(parser: HeadParser): void {
  if (idleParsers.length < IDLE_LIMIT && parser.fields.length <= 256 * FIELD_STRIDE) idleParsers.push(parser);
}
