import { LoadConnection } from "./load-connection.ts";
import { type LoadReport, LoadTally } from "./load-report.ts";
import type { LoadRequest } from "./load-request.ts";

/** What load is sent, and where. */
export interface LoadClientOptions {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Keep-alive connections held open at a time, each with one request under way. */
  readonly connections: number;
  /** The next request of a connection slot; default `GET /` of host `load.test`. Undefined ends this slot. */
  readonly request?: (connection: number, sequence: number) => LoadRequest | undefined;
  /** Default: 200 only. */
  readonly expectStatus?: (status: number) => boolean;
  /** Pause between a response and the next request. Default 0. */
  readonly thinkTimeMs?: number;
  /** Whole responses after which the client leaves a connection for a new one; default: never. Not counted as closed. */
  readonly requestsPerConnection?: number;
  /** From sending a request to its whole response. Default 10 s. */
  readonly requestTimeoutMs?: number;
  /** Whether response bodies are given to `onResponse`. Default false. */
  readonly keepBody?: boolean;
}

/**
 * Keeps keep-alive connections busy with requests, one at a time on each, and tells exactly how each of them and each
 * connection ended. Raw sockets: nothing is retried or hidden. A connection that ends is replaced by a new one.
 */
export class LoadClient {
  readonly #tally = new LoadTally();
  readonly #connections: LoadConnection[];

  private constructor(options: LoadClientOptions) {
    const settings = {
      port: options.port,
      host: options.host ?? "127.0.0.1",
      request: options.request ?? (() => ({ bytes: DEFAULT_REQUEST })),
      expectStatus: options.expectStatus ?? ((status: number) => status === 200),
      thinkTimeMs: options.thinkTimeMs ?? 0,
      requestsPerConnection: options.requestsPerConnection ?? Number.POSITIVE_INFINITY,
      requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
      keepBody: options.keepBody ?? false,
    };
    this.#connections = Array.from(
      { length: options.connections },
      (_, index) => new LoadConnection(index, settings, this.#tally),
    );
  }

  /** Opens the connections and resolves when each has had its first response, or has failed to. */
  static async start(options: LoadClientOptions): Promise<LoadClient> {
    const client = new LoadClient(options);
    await Promise.all(client.#connections.map((connection) => connection.start()));
    return client;
  }

  /** What was seen so far. */
  report(): LoadReport {
    return this.#tally.report();
  }

  /** Resolves when every slot's `request` has returned undefined. Never, when it doesn't. */
  async finished(): Promise<LoadReport> {
    await Promise.all(this.#connections.map((connection) => connection.whenStopped));
    return this.#tally.report();
  }

  /** Sends no more requests, waits for the responses under way, closes the connections. */
  async stop(): Promise<LoadReport> {
    await Promise.all(this.#connections.map((connection) => connection.stop()));
    return this.#tally.report();
  }
}

const DEFAULT_REQUEST = Buffer.from("GET / HTTP/1.1\r\nhost: load.test\r\n\r\n");
