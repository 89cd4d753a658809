import type { SeededRandom } from "../../harness/seeded-random.ts";

const METHODS = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "QUERY", "get", "FROB", "G", ""];
const TARGETS = [
  "/",
  "/a?b",
  "*",
  "http://b/",
  "http://b:8080/p?q",
  "//x",
  "/%2e%2e",
  "/a#b",
  "a",
  "http://u@b/",
  "/\xe9",
];
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", ""];
const HOSTS = ["a", "a:80", "a", "a", "[::1]", "a,b", "", "a/b", "a:99999"];
const LENGTHS = ["0", "1", "5", "10", "+5", "05", "5, 5", "0x5", "5 5", "-1", "18446744073709551616", ""];
const CODINGS = [
  "chunked",
  "chunked",
  "chunked",
  "Chunked",
  "xchunked",
  "gzip, chunked",
  "chunked, identity",
  "chunked ",
  "\x0bchunked",
  "identity",
  "",
];
const NAMES = [
  "X",
  "Accept",
  "User-Agent",
  "Content-Length",
  "Transfer-Encoding",
  "Host",
  "Connection",
  "Expect",
  "Trailer",
  "__proto__",
  "Content_Length",
  "TE",
];
const VALUES = [
  "a",
  "",
  "a b",
  "\ta\t",
  "\xff",
  "close",
  "keep-alive",
  "100-continue",
  "chunked",
  "5",
  "a\x01",
  "a\0",
  "a\rb",
  "a\nb",
];
const SIZES = [
  "0",
  "1",
  "5",
  "A",
  "a",
  "00",
  "05",
  "0x5",
  "5 ",
  " 5",
  "+5",
  "fffffffffffffffff",
  "ffffffff",
  "",
  "5;a",
  "5;a=b",
  '5;a="b c"',
  "5 ;a",
  "5;",
  "5;a b",
  "5; a=b",
];
const ENDS = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\n\r\n"];
const BYTES = [
  "\r",
  "\n",
  "\r\n",
  " ",
  "\t",
  ":",
  "\0",
  "0",
  "5",
  "a",
  ",",
  ";",
  "\x7f",
  "\x80",
  "\x0b",
  "/",
  '"',
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
];

/** Makes requests that are right, nearly right and wrong, one, two or three behind each other. */
export class RequestGenerator {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The next input, as latin1 text. */
  next(): string {
    const random = this.#random;
    // Most inputs have few mistakes, or they would all end at the first line.
    const care = random.pick([3, 20, 100]);
    let text = "";
    for (let count = 1 + random.below(3); count > 0; count--) text += this.#request(care);
    for (let count = random.oneIn(2) ? 0 : random.below(3); count > 0; count--) text = this.#mutate(text);
    return text;
  }

  /** Something of `items`: the first, which is right, but once in `care` times any. */
  #choose(items: readonly string[], care: number): string {
    return this.#random.oneIn(care) ? this.#random.pick(items) : items[0]!;
  }

  #request(care: number): string {
    const random = this.#random;
    const end = (): string => this.#choose(ENDS, care * 3);
    let text = `${random.oneIn(3) ? this.#choose(METHODS, 1) : random.pick(["GET", "POST"])} ${this.#choose(TARGETS, 4)} `;
    text += this.#choose(VERSIONS, care) + end();
    const lines = [`Host: ${this.#choose(HOSTS, care)}`];
    const body = this.#body(care, lines);
    for (let count = random.below(4); count > 0; count--) lines.push(this.#line(care));
    for (let count = lines.length; count > 0; count--) text += lines.splice(random.below(count), 1)[0]! + end();
    return text + end() + body;
  }

  #line(care: number): string {
    const random = this.#random;
    const name = random.oneIn(care) ? random.pick(NAMES) : random.pick(["X", "Accept", "User-Agent", "__proto__"]);
    const value = random.oneIn(care) ? random.pick(VALUES) : random.pick(["a", "", "a b", "\ta\t", "\xff"]);
    const colon = this.#choose([": ", ":", " : ", ":\t", "", ":\r\n "], care * 2);
    return name + colon + value;
  }

  /** A body, and the lines that announce it. */
  #body(care: number, lines: string[]): string {
    const random = this.#random;
    const kind = random.below(4);
    if (kind === 0) return "";
    if (kind === 1 || kind === 3) {
      const length = random.below(12);
      lines.push(`Content-Length: ${random.oneIn(care) ? random.pick(LENGTHS) : String(length)}`);
      if (kind === 1) return "GET / HTTP/1.1".slice(0, length);
      if (!random.oneIn(care)) return "0123456789ab".slice(0, length);
    }
    lines.push(`Transfer-Encoding: ${this.#choose(CODINGS, care)}`);
    return this.#chunks(care);
  }

  #chunks(care: number): string {
    const random = this.#random;
    let text = "";
    const end = (): string => this.#choose(ENDS, care * 3);
    for (let count = random.below(4); count > 0; count--) {
      const length = 1 + random.below(20);
      const extension = this.#choose(["", ";a", ";a=b", ';a="b;c"'], 3);
      const size = random.oneIn(care) ? random.pick(SIZES) : length.toString(16) + extension;
      text += `${size}${end()}${"x".repeat(length)}${end()}`;
    }
    text += `${this.#choose(["0", "000", "0;a", "0 "], care)}${end()}`;
    for (let count = random.oneIn(3) ? random.below(3) : 0; count > 0; count--) text += this.#line(care) + end();
    return text + end();
  }

  #mutate(text: string): string {
    const random = this.#random;
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
}
