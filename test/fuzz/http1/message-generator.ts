import type { SeededRandom } from "../../harness/seeded-random.ts";

const LENGTHS = "0|1|5|10|+5|05|5, 5|0x5|5 5|5\t|-1|18446744073709551616|".split("|");
const CODINGS =
  "chunked|chunked|Chunked|xchunked|gzip, chunked|chunked, identity|chunked,|chunked |chunked\t|\x0bchunked|identity|".split(
    "|",
  );
const NAMES =
  "X|Accept|Content-Length|Transfer-Encoding|Host|Connection|Expect|Trailer|__proto__|Content_Length|TE".split("|");
const VALUES = "a||a b|\ta\t|\xff|close|keep-alive|100-continue|chunked|5|a\x01|a\0|a\rb|a\nb".split("|");
const USUAL_NAMES = ["X", "Accept", "User-Agent", "__proto__"];
const USUAL_VALUES = ["a", "", "a b", "\ta\t", "\xff"];
const COLONS = [": ", ":", " : ", ":\t", "", ":\r\n "];
const SIZES = '0|1|5|A|00|05|0x5|5 | 5|+5|fffffffffffffffff|ffffffff||5;a|5;a=b|5;a="b c"|5 ;a|5;|5;a b|5; a=b'.split(
  "|",
);
const EXTENSIONS = ["", ";a", ";a=b", ';a="b;c"'];
const LAST_SIZES = ["0", "000", "0;a", "0 "];
const LINE_ENDS = ["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\n\r\n"];
const BYTES = '\r|\n|\r\n| |\t|:|\0|0|5|a|,|;|\x7f|\x80|\x0b|/|"|GET / HTTP/1.1\r\nHost: a\r\n\r\n'.split("|");

/** What requests and responses have in common: header lines and bodies that are right, nearly right and wrong. */
export class MessageGenerator {
  readonly random: SeededRandom;
  /** One part in this many is not what it should be. */
  care = 1;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** The first of `items`, which is right, but once in `care` times any of them. */
  choose(items: readonly string[], care = this.care): string {
    return this.random.oneIn(care) ? this.random.pick(items) : items[0]!;
  }

  lineEnd(): string {
    return this.choose(LINE_ENDS, this.care * 3);
  }

  /** Start line, the given lines among others, and a body that they may or may not announce. */
  message(startLine: string, lines: string[]): string {
    const random = this.random;
    let text = startLine + this.lineEnd();
    const body = this.#body(lines);
    for (let count = random.below(4); count > 0; count--) lines.push(this.#line());
    if (lines.length > 0 && random.oneIn(this.care)) lines.push(random.pick(lines));
    for (let count = lines.length; count > 0; count--)
      text += lines.splice(random.below(count), 1)[0]! + this.lineEnd();
    return text + this.lineEnd() + body;
  }

  /** Changes a few bytes somewhere. */
  mutate(text: string): string {
    const random = this.random;
    const at = random.below(text.length + 1);
    const end = Math.min(text.length, at + 1 + random.below(8));
    switch (random.below(5)) {
      case 0:
        return text.slice(0, at) + random.pick(BYTES) + text.slice(at);
      case 1:
        return text.slice(0, at) + text.slice(at + 1);
      case 2:
        return text.slice(0, at) + random.pick(BYTES) + text.slice(at + 1);
      case 3:
        return text.slice(0, end) + text.slice(at, end) + text.slice(end);
      default:
        return text.slice(0, at) + text.slice(end);
    }
  }

  #line(): string {
    const random = this.random;
    const name = random.pick(random.oneIn(this.care) ? NAMES : USUAL_NAMES);
    const value = random.pick(random.oneIn(this.care) ? VALUES : USUAL_VALUES);
    return name + this.choose(COLONS, this.care * 2) + value;
  }

  #body(lines: string[]): string {
    const random = this.random;
    const kind = random.below(4);
    if (kind === 0) return "";
    if (kind === 1 || kind === 3) {
      const length = random.below(12);
      lines.push(`Content-Length: ${random.oneIn(this.care) ? random.pick(LENGTHS) : String(length)}`);
      if (kind === 1) return "GET / HTTP/1.1".slice(0, length);
      if (!random.oneIn(this.care)) return "0123456789ab".slice(0, length);
    }
    lines.push(`Transfer-Encoding: ${this.choose(CODINGS)}`);
    return this.#chunks();
  }

  #chunks(): string {
    const random = this.random;
    let text = "";
    for (let count = random.below(4); count > 0; count--) {
      const length = 1 + random.below(20);
      const size = random.oneIn(this.care) ? random.pick(SIZES) : length.toString(16) + this.choose(EXTENSIONS, 3);
      text += size + this.lineEnd() + "x".repeat(length) + this.lineEnd();
    }
    text += this.choose(LAST_SIZES) + this.lineEnd();
    for (let count = random.oneIn(3) ? random.below(3) : 0; count > 0; count--) text += this.#line() + this.lineEnd();
    return text + this.lineEnd();
  }
}
