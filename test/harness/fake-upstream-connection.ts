import type net from "node:net";
import { Http1MessageReader } from "./http1-message-reader.ts";
import { resetSocket } from "./reset-socket.ts";
import { UpstreamExchange, type UpstreamTransport } from "./upstream-exchange.ts";

const KEPT_BYTES = 16 * 1024 * 1024;

/** One connection that a `FakeUpstream` accepted. */
export class FakeUpstreamConnection implements UpstreamTransport {
  readonly whenClosed: Promise<void>;
  readonly whenEnded: Promise<void>;
  readonly #socket: net.Socket;
  readonly #onRequest: (exchange: UpstreamExchange) => void;
  readonly #reader: Http1MessageReader;
  readonly #keptBytes: number;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #current: UpstreamExchange | undefined;
  #framingError: Error | undefined;
  #closed = false;
  #wasReset = false;

  constructor(socket: net.Socket, keepBytes: boolean, onRequest: (exchange: UpstreamExchange) => void) {
    this.#socket = socket;
    this.#keptBytes = keepBytes ? KEPT_BYTES : 0;
    this.#onRequest = onRequest;
    this.#reader = new Http1MessageReader(
      { kind: "request", keepBody: keepBytes },
      {
        head: (startLine, headers) => this.#begin(new UpstreamExchange(this, startLine, headers)),
        message: (message) => {
          this.#current?.complete(message);
          this.#current = undefined;
        },
      },
    );
    this.whenClosed = new Promise((resolve) => socket.once("close", () => resolve()));
    this.whenEnded = new Promise((resolve) => socket.once("end", () => resolve()));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => this.#abandon("the peer ended the connection"));
    socket.on("close", () => {
      this.#closed = true;
      this.#abandon("the connection closed");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET") this.#wasReset = true;
    });
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get wasReset(): boolean {
    return this.#wasReset;
  }

  /** Set when the bytes received are no HTTP/1 that the fake could follow; later bytes are recorded all the same. */
  get framingError(): Error | undefined {
    return this.#framingError;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  write(bytes: string | Buffer): void {
    if (this.#socket.writable) this.#socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    resetSocket(this.#socket);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #begin(exchange: UpstreamExchange): void {
    this.#current = exchange;
    this.#onRequest(exchange);
  }

  #read(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes <= this.#keptBytes) this.#chunks.push(chunk);
    if (this.#framingError !== undefined) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#framingError = error instanceof Error ? error : new Error(String(error));
      this.#abandon(this.#framingError.message);
    }
  }

  #abandon(reason: string): void {
    this.#current?.abandon(reason);
    this.#current = undefined;
  }
}
