import { once } from "node:events";
import net from "node:net";
import { FakeUpstreamConnection } from "./fake-upstream-connection.ts";
import type { UpstreamExchange } from "./upstream-exchange.ts";

/** Decides what happens to a request whose head has come. */
export type UpstreamScript = (exchange: UpstreamExchange) => void | Promise<void>;

/** Where the upstream listens and what it keeps. */
export interface FakeUpstreamOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Whether the sending side stays open after the peer's FIN, until the script ends it. Default false. */
  readonly allowHalfOpen?: boolean;
  /**
   * Whether bytes, and connections that are closed, are kept for the test to look at. Default true; turn it off for long
   * runs. Bodies of requests are not kept either then: `bodyBytes` tells their length.
   */
  readonly keepBytes?: boolean;
}

/** Answers 200 with this body and a content-length, once the request is complete. */
export function answering(body = "ok", status = 200): UpstreamScript {
  return async (exchange) => {
    await exchange.request();
    exchange.respond({ status, body });
  };
}

/** Sends the body of each request back. */
export async function echoing(exchange: UpstreamExchange): Promise<void> {
  const request = await exchange.request();
  exchange.respond({ body: request.body });
}

/** Never answers; the connection stays open. */
export function hanging(): void {}

/** Resets the connection (RST) as soon as the head of a request has come. */
export function resetting(exchange: UpstreamExchange): void {
  exchange.reset();
}

/**
 * A scriptable HTTP/1 server on raw sockets, on a free loopback port. It keeps exactly the bytes that each connection
 * received. With a script, each request runs it; without one, requests wait in order for `nextRequest`, and the
 * test answers when it likes.
 */
export class FakeUpstream {
  readonly port: number;
  /** Every connection so far, oldest first; closed ones too, unless bytes are not kept. */
  readonly connections: FakeUpstreamConnection[] = [];
  readonly #server: net.Server;
  readonly #keepBytes: boolean;
  readonly #arrived: UpstreamExchange[] = [];
  readonly #waiting: ((exchange: UpstreamExchange) => void)[] = [];
  readonly #connectionWaiters: (() => void)[] = [];
  #script: UpstreamScript | undefined;
  #requestCount = 0;

  private constructor(server: net.Server, port: number, script: UpstreamScript | undefined, keepBytes: boolean) {
    this.#server = server;
    this.port = port;
    this.#keepBytes = keepBytes;
    this.#script = script;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1, on a free port unless one is given. Rejects when the port is taken. */
  static async start(script?: UpstreamScript, options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
    const server = net.createServer({ allowHalfOpen: options.allowHalfOpen ?? false, noDelay: true });
    server.listen({ port: options.port ?? 0, host: "127.0.0.1", backlog: 4096 });
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the fake upstream has no port");
    return new FakeUpstream(server, address.port, script, options.keepBytes ?? true);
  }

  /** `127.0.0.1:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Requests whose head has come, over all connections. */
  get requestCount(): number {
    return this.#requestCount;
  }

  get openConnections(): number {
    return this.connections.filter((connection) => !connection.closed).length;
  }

  /** All bytes received, connection by connection, as latin1 text. */
  get received(): string {
    return this.connections.map((connection) => connection.received.toString("latin1")).join("");
  }

  /** Replaces the script for requests to come; undefined leaves them to `nextRequest`. */
  setScript(script: UpstreamScript | undefined): void {
    this.#script = script;
  }

  /** The oldest request that no script took and nobody asked for yet; waits for one. */
  nextRequest(): Promise<UpstreamExchange> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves once at least `count` connections have been accepted since the start. */
  async connected(count = 1): Promise<void> {
    while (this.connections.length < count) {
      await new Promise<void>((resolve) => this.#connectionWaiters.push(resolve));
    }
  }

  /** Stops listening and destroys all connections. */
  async close(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: net.Socket): void {
    const connection = new FakeUpstreamConnection(socket, this.#keepBytes, (exchange) => this.#take(exchange));
    this.connections.push(connection);
    if (!this.#keepBytes) socket.once("close", () => this.connections.splice(this.connections.indexOf(connection), 1));
    for (const wake of this.#connectionWaiters.splice(0)) wake();
  }

  #take(exchange: UpstreamExchange): void {
    this.#requestCount += 1;
    if (this.#script !== undefined) void this.#run(this.#script, exchange);
    else if (this.#waiting.length > 0) this.#waiting.shift()!(exchange);
    else this.#arrived.push(exchange);
  }

  async #run(script: UpstreamScript, exchange: UpstreamExchange): Promise<void> {
    try {
      await script(exchange);
    } catch {
      // The peer went away in the middle of the request; its bytes are on record.
      exchange.reset();
    }
  }
}
