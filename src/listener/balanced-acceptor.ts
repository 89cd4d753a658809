import net from "node:net";
import type { Logger } from "../base/log.ts";
import type { HandedSocket } from "./listening-sockets.ts";

/** A worker that takes accepted connections. */
export interface BalanceTarget {
  /** Its index in the counts. */
  readonly workerIndex: number;
  /** Transfers the socket to the worker, whose `ConnectionHandler.acceptSocket` gets it. */
  give(key: string, socket: net.Socket): void;
}

/**
 * Accepts connections in one place, the main thread, and gives each one to the worker that has the fewest: what Envoy calls
 * `exact_balance`. The counts are shared memory: this side counts a connection when it gives it away, the worker when it closes.
 * Differs from Envoy: connections of all balanced listeners count together, not each listener's by itself.
 */
export class BalancedAcceptor {
  /** Pass it to the workers (`ListenerContext.balanceCounts`). */
  readonly counts: Int32Array<SharedArrayBuffer>;
  readonly #log: Logger;
  readonly #servers = new Map<string, net.Server>();
  #targets: readonly BalanceTarget[] = [];

  /** `workerLimit` is one more than the highest worker index there will ever be. */
  constructor(workerLimit: number, log: Logger) {
    this.counts = new Int32Array(new SharedArrayBuffer(4 * workerLimit));
    this.#log = log;
  }

  /** Who takes connections from now on. While there is nobody, connections are closed. */
  setTargets(targets: readonly BalanceTarget[]): void {
    this.#targets = targets;
  }

  /** A worker is gone, and its connections with it. */
  workerGone(workerIndex: number): void {
    Atomics.store(this.counts, workerIndex, 0);
  }

  /** Begins to accept. */
  listen({ key, socket }: HandedSocket, backlog: number): void {
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    server.on("connection", (accepted) => this.#give(key, accepted));
    server.on("error", (error) => this.#log.error({ error: error.message }, "listening socket failed"));
    this.#servers.set(key, server);
    server.listen({ handle: socket, backlog });
  }

  /** Stops accepting under this key; without one, altogether. */
  close(key?: string): void {
    for (const [name, server] of this.#servers) {
      if (key !== undefined && name !== key) continue;
      server.close();
      this.#servers.delete(name);
    }
  }

  #give(key: string, socket: net.Socket): void {
    let best: BalanceTarget | null = null;
    let fewest = Number.POSITIVE_INFINITY;
    for (const target of this.#targets) {
      const count = Atomics.load(this.counts, target.workerIndex);
      if (count >= fewest) continue;
      best = target;
      fewest = count;
    }
    if (best === null) {
      socket.destroy();
      return;
    }
    Atomics.add(this.counts, best.workerIndex, 1);
    best.give(key, socket);
  }
}
