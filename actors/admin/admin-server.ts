import { chmodSync } from "node:fs";
import { lstat, unlink } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { describeError } from "../../src/actor/ask-error.ts";
import { settleWithin } from "../../src/actor/settle-within.ts";
import { type AdminResponse, textResponse } from "../../src/admin/admin-handler.ts";
import type { AdminRouter } from "../../src/admin/admin-router.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/log.ts";
import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import { MAX_CONFIG_BYTES } from "../../src/config/source/open-source.ts";
import { type Address, formatAddress } from "../../src/net/address.ts";
import type { AdminExchange } from "./access-log.ts";
import type { AdminStats } from "./admin-stats.ts";
import { BodyBudget, BodyRefused, readHead, readRequest } from "./request-reading.ts";
import { writeResponse } from "./response-writing.ts";

/** What the admin server may be made to hold. */
export interface AdminLimits {
  /** Connections at once; more are closed on arrival. Default 100. */
  readonly connections: number;
  /** Of a request. Default: what a configuration may have, for one to be tried. */
  readonly bodyBytes: number;
  /** Of all requests that are in hand together; more are answered with 503. Default: three configurations. */
  readonly allBodiesBytes: number;
  /** For a request to arrive whole. Default 10000. */
  readonly requestMs: number;
  /** Without a byte in either direction. Longer than any handler takes. Default 120000. */
  readonly quietMs: number;
}

/** What holds if nobody says otherwise. */
export const DEFAULT_ADMIN_LIMITS: AdminLimits = {
  connections: 100,
  bodyBytes: MAX_CONFIG_BYTES,
  allBodiesBytes: 3 * MAX_CONFIG_BYTES,
  requestMs: 10_000,
  quietMs: 120_000,
};

/** What an admin server is made of. */
export interface AdminServerOptions {
  readonly router: AdminRouter;
  readonly stats: AdminStats;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly log: Logger;
  readonly limits: AdminLimits;
  /** A request was answered, or its client has gone. */
  readonly onExchange: (exchange: AdminExchange) => void;
}

/** The admin interface on its address, by node:http: it is no hot path. */
export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #server: Server;
  readonly #bodies: BodyBudget;
  #connectionCount = 0;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    const { requestMs, quietMs, connections, bodyBytes, allBodiesBytes } = options.limits;
    this.#bodies = new BodyBudget(bodyBytes, allBodiesBytes);
    this.#server = createServer({
      requestTimeout: requestMs,
      headersTimeout: requestMs,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 5000,
    });
    this.#server.timeout = quietMs;
    this.#server.maxConnections = connections;
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("connection", (socket: Socket) => this.#onConnection(socket));
    this.#server.on("clientError", (_error: Error, socket) => {
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      else socket.destroy();
    });
  }

  /** Resolves with the address it listens on, with the real port; rejects if it can't. */
  async listen(address: Address): Promise<Address> {
    if (address.type === "pipe") await removeStaleSocket(address.path);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(
      address.type === "ip"
        ? { host: address.ip, port: address.port }
        : { path: address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path },
      resolve,
    );
    await promise;
    this.#server.off("error", reject);
    this.#server.on("error", (error) => this.#options.log.error({ error: describeError(error) }, "admin server error"));
    if (address.type === "pipe" && address.mode !== 0 && !address.path.startsWith("@")) {
      chmodSync(address.path, address.mode);
    }
    const bound = this.#server.address();
    return typeof bound === "object" && bound !== null ? { type: "ip", ip: bound.address, port: bound.port } : address;
  }

  /** Open connections of clients. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Closes the address and cuts all connections. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #onConnection(socket: Socket): void {
    const { stats } = this.#options;
    stats.connectionOpened();
    this.#connectionCount++;
    socket.once("close", () => {
      this.#connectionCount--;
      stats.connectionClosed();
    });
    // A reset connection is the client's business; without a listener it would be ours.
    socket.on("error", () => {});
  }

  async #serve(message: IncomingMessage, to: ServerResponse): Promise<void> {
    const { stats, log, clock, onExchange } = this.#options;
    stats.requestBegan();
    const [startMs, startWallMs] = [clock.nowMs(), clock.wallMs()];
    const exchange: AdminExchange = { message, to, startMs, startWallMs, bytesReceived: 0, bytesSent: 0 };
    to.once("close", () => {
      stats.requestEnded(to.statusCode);
      onExchange(exchange);
    });
    to.on("error", () => {});
    message.on("error", () => {});
    try {
      const response = await this.#respond(exchange);
      if (!to.destroyed) await writeResponse(exchange, response, clock);
    } catch (error) {
      log.debug({ url: message.url, error: describeError(error) }, "admin request failed");
      to.destroy();
    }
  }

  async #respond(exchange: AdminExchange): Promise<AdminResponse> {
    const { message, to } = exchange;
    const { router, timers, log } = this.#options;
    const refused = router.refuse(readHead(message));
    if (refused !== undefined) {
      // Without reading what else it brings.
      to.shouldKeepAlive = false;
      return refused;
    }
    const request = await readRequest(message, to, this.#bodies).catch((error: unknown) => {
      if (error instanceof BodyRefused) return error;
      throw error;
    });
    if (request instanceof BodyRefused) {
      to.shouldKeepAlive = false;
      return textResponse(request.status, `${request.message}\n`);
    }
    exchange.bytesReceived = Buffer.byteLength(request.body);
    if (request.method !== "GET" && request.method !== "HEAD") {
      log.info({ method: request.method, path: request.path }, "admin command");
    }
    const answer = router.answer(request);
    const deadlineMs = router.deadlineMsOf(request);
    if ((await settleWithin(timers, deadlineMs, answer)) === "settled") return answer;
    return textResponse(504, `no answer within ${deadlineMs} ms; what was asked for may still happen\n`);
  }
}

/** Removes the socket file that an earlier process left behind; a file of another kind stays and makes listening fail. */
async function removeStaleSocket(path: string): Promise<void> {
  if (path.startsWith("@")) return;
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() === true) await unlink(path);
}

/** For messages: what couldn't be listened on, and why. */
export function listenFailure(address: Address, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reason = code === "EADDRINUSE" ? "address already in use" : describeError(error);
  return `admin: cannot listen on ${formatAddress(address)}: ${reason}`;
}
