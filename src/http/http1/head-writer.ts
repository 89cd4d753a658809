import type { HeaderMap } from "../header-map.ts";
import { formatLine, type HeaderNameFormat } from "../header-name-format.ts";
import { hasListToken, isToken, isWritableValue } from "./characters.ts";
import { parseContentLength } from "./message-framing.ts";
import { mayBeTrailer } from "./trailer-decoder.ts";

/** What the writer has to know of a name: the start of its line, whether the codec acts on it, and a line written before. */
interface NameToWrite {
  /** `name: ` */
  readonly lineStart: string;
  readonly kind: number;
  /** A value that was valid, and its line. Most fields say the same in one message after the other. */
  knownValue: string;
  knownLine: string;
  /** Values written that were not the known one. */
  misses: number;
}

/** Longer values are not remembered. */
const LONGEST_KNOWN_VALUE = 128;
/** How many other values go by before one takes the place of the known one. */
const MISSES_PER_CHANGE = 16;

const Kind = { plain: 0, contentLength: 1, connection: 2, upgrade: 3, neverWritten: 4 } as const;

/** Names that were found to be valid. Bounded: further names are checked each time. */
const names = new Map<string, NameToWrite>();
const NAMES_LIMIT = 4096;
const LONGEST_KEPT = 64;

const SPECIAL_KINDS: ReadonlyMap<string, number> = new Map([
  ["content-length", Kind.contentLength],
  ["connection", Kind.connection],
  ["upgrade", Kind.upgrade],
  // Framing and routing are the codec's to write.
  ["transfer-encoding", Kind.neverWritten],
  ["host", Kind.neverWritten],
]);

function nameToWrite(name: string): NameToWrite | undefined {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (!isToken(name)) return undefined;
  const kind = SPECIAL_KINDS.get(name.toLowerCase()) ?? Kind.plain;
  const entry = { lineStart: `${name}: `, kind, knownValue: "", knownLine: `${name}: \r\n`, misses: 0 };
  if (names.size < NAMES_LIMIT && name.length <= LONGEST_KEPT) names.set(name, entry);
  return entry;
}

/** The line of a value, checked; undefined if it must not be written. */
function lineOf(name: NameToWrite, value: string): string | undefined {
  if (value === name.knownValue) return name.knownLine;
  if (!isWritableValue(value)) return undefined;
  const line = `${name.lineStart}${value}\r\n`;
  if (name.misses++ % MISSES_PER_CHANGE === 0 && value.length <= LONGEST_KNOWN_VALUE) {
    // A copy: the value is a piece of the head it came in, and would keep all of that.
    name.knownLine = Buffer.from(line, "latin1").toString("latin1");
    name.knownValue = name.knownLine.slice(name.lineStart.length, -2);
  }
  return line;
}

/**
 * Turns header lists into text for the wire. One object serves all messages of a thread; what it learned about the last
 * list stands in its fields until the next call.
 *
 * Nothing that could end a line early is ever written: a field with an invalid name or value is left out. So are
 * `transfer-encoding` and `host`, which the codec writes itself, and a second or malformed `content-length`.
 */
export class HeadWriter {
  /** The list's content-length; -1 if it has none. */
  contentLength = -1;
  /** Whether `connection: close` was in the list. It is not written; the codec decides on it. */
  saysClose = false;
  /** Whether there were both an `upgrade` field and `connection: upgrade`. */
  saysUpgrade = false;
  /** Fields left out of the last list because they were invalid. */
  dropped = 0;

  /** The lines of `headers`, each with its CRLF. Names are written as `format` says; null = as they are. */
  writeFields(headers: HeaderMap, format: HeaderNameFormat | null): string {
    this.contentLength = -1;
    this.saysClose = false;
    this.saysUpgrade = false;
    this.dropped = 0;
    let connectionUpgrade = false;
    let upgrade = false;
    let text = "";
    const list = headers.list;
    for (let i = 0; i < list.length; i += 2) {
      const name = nameToWrite(list[i]!);
      const value = list[i + 1]!;
      const line = name === undefined ? undefined : lineOf(name, value);
      if (name === undefined || line === undefined) {
        this.dropped++;
        continue;
      }
      switch (name.kind) {
        case Kind.plain:
          break;
        case Kind.contentLength:
          if (!this.#noteContentLength(value)) continue;
          break;
        case Kind.connection:
          if (hasListToken(value, "close")) this.saysClose = true;
          if (!hasListToken(value, "upgrade")) continue;
          connectionUpgrade = true;
          continue;
        case Kind.upgrade:
          upgrade = true;
          break;
        default:
          continue;
      }
      text += format === null ? line : formatLine(format, line);
    }
    this.saysUpgrade = upgrade && connectionUpgrade;
    return text;
  }

  /** The lines of a trailer section, without the empty line behind it. */
  writeTrailers(trailers: HeaderMap, format: HeaderNameFormat | null): string {
    let text = "";
    const list = trailers.list;
    for (let i = 0; i < list.length; i += 2) {
      const name = nameToWrite(list[i]!);
      const value = list[i + 1]!;
      if (name !== undefined && mayBeTrailer(list[i]!.toLowerCase()) && isWritableValue(value)) {
        text += formatLine(format, `${name.lineStart}${value}\r\n`);
      }
    }
    return text;
  }

  #noteContentLength(value: string): boolean {
    if (this.contentLength !== -1) return false;
    try {
      this.contentLength = parseContentLength(value);
      return true;
    } catch {
      this.dropped++;
      return false;
    }
  }
}
