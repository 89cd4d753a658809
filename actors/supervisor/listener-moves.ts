import type { Server } from "node:net";
import { describeError } from "../../src/actor/ask-error.ts";
import { withTransfer } from "../../src/actor/transfer.ts";
import type { Logger } from "../../src/base/log.ts";
import type { ListeningServer, ServerCount } from "../worker/protocol.ts";
import type { ListeningSockets } from "./listening-sockets.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/**
 * Moves listening servers between workers, with the connections that wait in their queues. Closing one instead would
 * reset those connections (see the design: one SO_REUSEPORT queue per socket).
 */
export class ListenerMoves {
  readonly #sockets: ListeningSockets;
  readonly #deadlineMs: number;
  readonly #log: Logger;

  /** `deadlineMs` is for each step of a move. */
  constructor(sockets: ListeningSockets, deadlineMs: number, log: Logger) {
    this.#sockets = sockets;
    this.#deadlineMs = deadlineMs;
    this.#log = log;
  }

  /** Gives all listening servers of a leaving worker to those that stay, each to the one with the fewest. */
  async moveAll(from: WorkerHandle, staying: readonly WorkerHandle[]): Promise<void> {
    const servers = await this.#take(from, "all");
    const byTaker = new Map<WorkerHandle, ListeningServer[]>();
    for (const listening of servers) {
      const name = this.#sockets.fewest(
        listening.key,
        staying.map((worker) => worker.name),
      );
      const taker = staying.find((worker) => worker.name === name);
      this.#sockets.moved(listening.key, from.name, taker?.name);
      if (taker === undefined) closeServer(listening.server);
      else byTaker.set(taker, [...(byTaker.get(taker) ?? []), listening]);
    }
    await Promise.all([...byTaker].map(([taker, given]) => this.#give(taker, given)));
  }

  /** Gives a new worker the servers that others have more than one of. Throws if one can't be had. */
  async moveSurplus(to: WorkerHandle, workers: readonly WorkerHandle[]): Promise<void> {
    for (const { from, server } of this.#sockets.surplusFor(to.name)) {
      const giver = workers.find((worker) => worker.name === from);
      if (giver === undefined) throw new Error(`${from}, which should hand a listener over, is gone`);
      const servers = await this.#take(giver, [server]);
      for (const { key } of servers) this.#sockets.moved(key, from, to.name);
      await this.#give(to, servers);
    }
  }

  async #take(from: WorkerHandle, servers: "all" | readonly ServerCount[]): Promise<readonly ListeningServer[]> {
    const reply = await from.ref.ask({ type: "handOverListeners", servers }, this.#deadlineMs);
    return reply.servers;
  }

  async #give(to: WorkerHandle, servers: readonly ListeningServer[]): Promise<void> {
    const moved = servers.map(({ server }) => server);
    try {
      await to.ref.ask(withTransfer({ type: "adoptListeners", servers }, moved), this.#deadlineMs);
    } catch (error) {
      // A worker that crashes meanwhile binds its addresses anew when it restarts.
      this.#log.error({ worker: to.name, error: describeError(error) }, "listeners not adopted");
    }
  }
}

function closeServer(server: Server): void {
  server.close();
}
