import { type Http1Message, headerValue, type ReceivedHeaders } from "./http1-message-reader.ts";

/** A response in parts; a content-length of the body is added unless `headers` frames it another way. */
export interface UpstreamResponse {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default empty. */
  readonly body?: string | Buffer;
}

/** What an exchange, and a test through it, can see and do of the connection that the request came on. */
export interface UpstreamTransport {
  /** Everything received, byte for byte; what comes after the first 16 MiB is counted, not kept. */
  readonly received: Buffer;
  readonly receivedBytes: number;
  readonly closed: boolean;
  /** True when the peer ended the connection with RST. */
  readonly wasReset: boolean;
  /** Resolves when both directions are over, whoever ended them and however. */
  readonly whenClosed: Promise<void>;
  /** Resolves when the peer sent FIN; never when it reset. */
  readonly whenEnded: Promise<void>;
  /** Stops reading, as a slow server does. */
  pause(): void;
  resume(): void;
  /** Strings are written as latin1. Does nothing on a connection that can't be written any more. */
  write(bytes: string | Buffer): void;
  end(): void;
  reset(): void;
}

/** One request that reached a `FakeUpstream`, and the means to answer it. Never answers of its own accord. */
export class UpstreamExchange {
  readonly connection: UpstreamTransport;
  readonly method: string;
  readonly target: string;
  readonly headers: ReceivedHeaders;
  readonly #complete: Promise<Http1Message>;
  readonly #settle: { resolve: (message: Http1Message) => void; reject: (error: Error) => void };

  constructor(connection: UpstreamTransport, startLine: string, headers: ReceivedHeaders) {
    const { promise, resolve, reject } = Promise.withResolvers<Http1Message>();
    // A test that does not ask for the body must not die of its absence.
    promise.catch(() => {});
    this.connection = connection;
    this.headers = headers;
    this.#complete = promise;
    this.#settle = { resolve, reject };
    const [method = "", target = ""] = startLine.split(" ");
    this.method = method;
    this.target = target;
  }

  header(name: string): string | undefined {
    return headerValue(this.headers, name);
  }

  /** The whole request. Rejects when the connection ends before that. */
  request(): Promise<Http1Message> {
    return this.#complete;
  }

  respond(response: UpstreamResponse = {}): void {
    const body = Buffer.from(response.body ?? "");
    const headers = new Map(Object.entries(response.headers ?? {}));
    const framed = [...headers.keys()].some((name) => /^(content-length|transfer-encoding)$/i.test(name));
    if (!framed) headers.set("content-length", String(body.length));
    const fields = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head = Buffer.from(`HTTP/1.1 ${response.status ?? 200} Fake\r\n${fields}\r\n`, "latin1");
    this.connection.write(this.method === "HEAD" ? head : Buffer.concat([head, body]));
  }

  /** Writes these bytes as they are. */
  write(bytes: string | Buffer): void {
    this.connection.write(bytes);
  }

  /** Ends the sending side of the connection (FIN). */
  end(): void {
    this.connection.end();
  }

  /** Resets the connection (RST). */
  reset(): void {
    this.connection.reset();
  }

  /** For the connection: the request is complete. */
  complete(message: Http1Message): void {
    this.#settle.resolve(message);
  }

  /** For the connection: the request will never be complete. */
  abandon(reason: string): void {
    this.#settle.reject(new Error(`the request ${this.method} ${this.target} was cut short: ${reason}`));
  }
}
