import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MemorySocket } from "./memory-socket.ts";

/** A request as node:http understood it. */
export interface NodeRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Names in lower case and values, in order. */
  readonly list: readonly string[];
  body: string;
  ended: boolean;
}

/** What node:http made of some bytes. */
export interface NodeOutcome {
  readonly requests: readonly NodeRequest[];
  /** Code of the parse error; empty if there was none. */
  readonly error: string;
}

/** node:http's server, fed from memory: the reference for how a request may be understood. */
export class NodeServerOracle {
  readonly #server: Server;
  #requests: NodeRequest[] = [];
  #error = "";

  constructor() {
    this.#server = createServer({
      maxHeaderSize: 60 * 1024,
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: 0,
    });
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
    this.#server.on("clientError", (error: Error & { code?: string }) => {
      // The socket stays, so that the requests before the error reach their end.
      this.#error = error.code ?? error.message;
    });
  }

  /** Feeds latin1 `bytes` in one read and waits until all of them are used. */
  async feed(bytes: string): Promise<NodeOutcome> {
    this.#requests = [];
    this.#error = "";
    const socket = new MemorySocket();
    socket.on("error", () => {});
    this.#server.emit("connection", socket);
    socket.push(Buffer.from(bytes, "latin1"));
    for (let turn = 0, seen = ""; turn < 50; turn++) {
      await nextTurn();
      const state = `${this.#error} ${this.#requests.map((r) => r.body.length + (r.ended ? "!" : "?")).join()}`;
      if (turn > 3 && state === seen) break;
      seen = state;
    }
    socket.destroy();
    await nextTurn();
    return { requests: this.#requests, error: this.#error };
  }

  /** Ends its timers. */
  close(): void {
    this.#server.close();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const seen: NodeRequest = {
      method: request.method ?? "",
      target: request.url ?? "",
      version: `HTTP/${request.httpVersion}`,
      list: request.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text)),
      body: "",
      ended: false,
    };
    this.#requests.push(seen);
    request.on("data", (data: Buffer) => {
      seen.body += data.toString("latin1");
    });
    request.on("end", () => {
      seen.ended = true;
      response.end();
    });
    request.on("error", () => {});
  }
}
