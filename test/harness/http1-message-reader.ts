/** Header fields in the order they came, names in lower case. */
export type ReceivedHeaders = ReadonlyArray<readonly [name: string, value: string]>;

/** One whole HTTP/1 message as it was read from a socket. */
export interface Http1Message {
  /** The request line or the status line, without CRLF. */
  readonly startLine: string;
  readonly headers: ReceivedHeaders;
  /** Empty when the reader was told not to keep bodies. */
  readonly body: Buffer;
  /** Length of the body after removal of any chunked framing, in bytes. */
  readonly bodyBytes: number;
  readonly trailers: ReceivedHeaders;
}

/** What an `Http1MessageReader` tells as it reads. */
export interface Http1MessageSink {
  /** The head is complete; the body follows. Also called for each 1xx response, which has no `message`. */
  head?(startLine: string, headers: ReceivedHeaders): void;
  message(message: Http1Message): void;
}

/** Which side's messages are read, and how much of them is kept. */
export interface Http1MessageReaderOptions {
  readonly kind: "request" | "response";
  /** Whether bodies are collected; default true. Turn it off for large bodies under load. */
  readonly keepBody?: boolean;
}

type State = "head" | "length" | "chunk-size" | "chunk-data" | "chunk-end" | "trailers" | "until-close";

const EMPTY = Buffer.alloc(0);
const HEAD_LIMIT_BYTES = 1024 * 1024;

/**
 * Reads HTTP/1 messages off a byte stream, for tests. It shares no code with Troupe's codec, so that the two can
 * disagree. Not a validator: it follows framing and throws on framing that it can't follow.
 */
export class Http1MessageReader {
  readonly #options: Http1MessageReaderOptions;
  readonly #sink: Http1MessageSink;
  readonly #methods: string[] = [];
  #pending: Buffer = EMPTY;
  #state: State = "head";
  #startLine = "";
  #headers: ReceivedHeaders = [];
  #trailers: ReceivedHeaders = [];
  #body: Buffer[] = [];
  #bodyBytes = 0;
  #leftBytes = 0;

  constructor(options: Http1MessageReaderOptions, sink: Http1MessageSink) {
    this.#options = options;
    this.#sink = sink;
  }

  /** Tells a response reader the method that the next unanswered request had: a response to HEAD has no body. */
  expect(method: string): void {
    this.#methods.push(method);
  }

  /** True between messages, when nothing of the next one has come. */
  get atBoundary(): boolean {
    return this.#state === "head" && this.#pending.length === 0;
  }

  /** Reads on. Throws an `Error` when the framing can't be followed; the reader is of no use afterwards. */
  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#step()) {}
  }

  /** The stream ended. False when that cut a message short. */
  end(): boolean {
    if (this.#state === "until-close") {
      this.#finish();
      return true;
    }
    return this.atBoundary;
  }

  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#readHead();
      case "length":
      case "chunk-data":
      case "until-close":
        return this.#readBody();
      case "chunk-size":
        return this.#readChunkSize();
      case "chunk-end":
        return this.#readChunkEnd();
      case "trailers":
        return this.#readTrailers();
    }
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf("\r\n\r\n");
    if (end === -1) {
      if (this.#pending.length > HEAD_LIMIT_BYTES) throw new Error("head of a message is over 1 MiB");
      return false;
    }
    const [startLine = "", ...lines] = this.#pending.toString("latin1", 0, end).split("\r\n");
    this.#pending = this.#pending.subarray(end + 4);
    this.#startLine = startLine;
    this.#headers = lines.map(parseField);
    this.#sink.head?.(startLine, this.#headers);
    this.#state = this.#options.kind === "request" ? this.#framing("request") : this.#responseFraming();
    return this.#pending.length > 0 || this.#state === "head";
  }

  #responseFraming(): State {
    const status = Number(this.#startLine.split(" ")[1]);
    if (!(status >= 100 && status <= 999)) throw new Error(`not a status line: ${JSON.stringify(this.#startLine)}`);
    if (status >= 100 && status < 200 && status !== 101) return "head";
    const method = this.#methods.shift() ?? "GET";
    if (method === "HEAD" || status === 204 || status === 304) return this.#finish();
    return this.#framing("response");
  }

  #framing(kind: "request" | "response"): State {
    if (/(^|,)\s*chunked\s*$/i.test(headerValue(this.#headers, "transfer-encoding") ?? "")) return "chunk-size";
    const length = headerValue(this.#headers, "content-length");
    if (length !== undefined && !/^\d+$/.test(length)) throw new Error(`content-length is ${JSON.stringify(length)}`);
    if (length === undefined) return kind === "response" ? "until-close" : this.#finish();
    this.#leftBytes = Number(length);
    return this.#leftBytes === 0 ? this.#finish() : "length";
  }

  #readBody(): boolean {
    const take = this.#state === "until-close" ? this.#pending.length : Math.min(this.#leftBytes, this.#pending.length);
    if (take === 0) return false;
    if (this.#options.keepBody !== false) this.#body.push(this.#pending.subarray(0, take));
    this.#bodyBytes += take;
    this.#leftBytes -= take;
    this.#pending = this.#pending.subarray(take);
    if (this.#state === "until-close" || this.#leftBytes > 0) return false;
    this.#state = this.#state === "length" ? this.#finish() : "chunk-end";
    return this.#pending.length > 0;
  }

  #readChunkSize(): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    const size = /^[0-9a-f]+(?=\s*(;|$))/i.exec(line)?.[0];
    if (size === undefined) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    this.#leftBytes = Number.parseInt(size, 16);
    this.#state = this.#leftBytes === 0 ? "trailers" : "chunk-data";
    return true;
  }

  #readChunkEnd(): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    if (line !== "") throw new Error(`expected CRLF after a chunk, got ${JSON.stringify(line)}`);
    this.#state = "chunk-size";
    return true;
  }

  #readTrailers(): boolean {
    const line = this.#takeLine();
    if (line === undefined) return false;
    if (line === "") this.#state = this.#finish();
    else this.#trailers = [...this.#trailers, parseField(line)];
    return true;
  }

  #takeLine(): string | undefined {
    const end = this.#pending.indexOf("\r\n");
    if (end === -1) return undefined;
    const line = this.#pending.toString("latin1", 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  #finish(): "head" {
    const message: Http1Message = {
      startLine: this.#startLine,
      headers: this.#headers,
      body: this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body),
      bodyBytes: this.#bodyBytes,
      trailers: this.#trailers,
    };
    this.#trailers = [];
    this.#body = [];
    this.#bodyBytes = 0;
    this.#leftBytes = 0;
    this.#state = "head";
    this.#sink.message(message);
    return "head";
  }
}

/** The value of a header by its lower-case name; values of repeated headers are joined with `, `. */
export function headerValue(headers: ReceivedHeaders, name: string): string | undefined {
  let value: string | undefined;
  for (const [key, text] of headers) {
    if (key === name) value = value === undefined ? text : `${value}, ${text}`;
  }
  return value;
}

function parseField(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  if (colon < 1) throw new Error(`not a header field: ${JSON.stringify(line)}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
