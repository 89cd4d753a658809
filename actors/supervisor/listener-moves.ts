import { describeError } from "../../src/actor/ask-error.ts";
import { withTransfer } from "../../src/actor/thread/transfer.ts";
import type { Logger } from "../../src/base/log.ts";
import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import type { ListeningServer, ServerCount } from "../worker/protocol.ts";
import type { ListeningSockets } from "./listening-sockets.ts";
import type { ListenersHandedOver } from "./protocol.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/**
 * Moves listening servers between workers, with the connections that wait in their queues. Closing one instead would
 * reset those connections: each SO_REUSEPORT socket has a queue of its own. A server that arrives after its deadline
 * is given to a worker all the same, because nobody else would ever accept on it.
 */
export class ListenerMoves {
  readonly #sockets: ListeningSockets;
  readonly #deadlineMs: number;
  readonly #timers: TimerWheel;
  readonly #log: Logger;
  /** What waits for the servers of each request. */
  readonly #requests = new Map<number, (servers: readonly ListeningServer[]) => void>();
  #nextId = 1;

  /** `deadlineMs` is for each step of a move. */
  constructor(sockets: ListeningSockets, deadlineMs: number, timers: TimerWheel, log: Logger) {
    this.#sockets = sockets;
    this.#deadlineMs = deadlineMs;
    this.#timers = timers;
    this.#log = log;
  }

  /** Gives all listening servers of a leaving worker to those that stay. Rejects if it doesn't hand them over in time. */
  async moveAll(from: WorkerHandle, staying: readonly WorkerHandle[]): Promise<void> {
    await this.#spread(await this.#take(from, "all"), from.name, staying);
  }

  /** Gives a new worker the servers that others have more than one of. Rejects if one can't be had. */
  async moveSurplus(to: WorkerHandle, workers: readonly WorkerHandle[]): Promise<void> {
    for (const { from, server } of this.#sockets.surplusFor(to.name)) {
      const giver = workers.find((worker) => worker.name === from);
      if (giver === undefined) throw new Error(`${from}, which should hand a listener over, is gone`);
      await this.#spread(await this.#take(giver, [server]), from, [to]);
    }
  }

  /** From a worker: the servers it was asked for. `workers` can take those that come too late. */
  onHandedOver({ worker, requestId, servers }: ListenersHandedOver, workers: readonly WorkerHandle[]): void {
    const take = this.#requests.get(requestId);
    if (take !== undefined) {
      take(servers);
      return;
    }
    this.#log.warn({ worker, servers: servers.length }, "listeners were handed over late");
    const others = workers.filter((each) => each.name !== worker);
    void this.#spread(servers, worker, others.length > 0 ? others : workers);
  }

  #take(from: WorkerHandle, servers: "all" | readonly ServerCount[]): Promise<readonly ListeningServer[]> {
    const requestId = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<readonly ListeningServer[]>();
    const fail = (reason: string): void => {
      reject(new Error(`${from.name} handed over no listeners: ${reason}`));
    };
    const timer = this.#timers.timer(() => fail(`no answer within ${this.#deadlineMs} ms`));
    timer.arm(this.#deadlineMs);
    const unwatch = from.ref.watch((end) => fail(end.error ?? end.reason));
    this.#requests.set(requestId, resolve);
    from.ref.tell({ type: "handOverListeners", requestId, servers });
    return promise.finally(() => {
      timer.disarm();
      unwatch();
      this.#requests.delete(requestId);
    });
  }

  /** Each server goes to the worker with the fewest of its address. */
  async #spread(servers: readonly ListeningServer[], from: string, takers: readonly WorkerHandle[]): Promise<void> {
    const names = takers.map((worker) => worker.name);
    const given = new Map<WorkerHandle, ListeningServer[]>();
    for (const listening of servers) {
      const name = this.#sockets.fewest(listening.key, names);
      const taker = takers.find((worker) => worker.name === name);
      this.#sockets.moved(listening.key, from, taker?.name);
      if (taker === undefined) listening.server.close();
      else given.set(taker, [...(given.get(taker) ?? []), listening]);
    }
    await Promise.all([...given].map(([taker, part]) => this.#give(taker, part)));
  }

  async #give(to: WorkerHandle, servers: readonly ListeningServer[]): Promise<void> {
    const moved = servers.map(({ server }) => server);
    try {
      await to.ref.ask(withTransfer({ type: "adoptListeners", servers }, moved), this.#deadlineMs);
    } catch (error) {
      // A late worker adopts them when it wakes; one that has crashed binds its addresses anew when it restarts.
      this.#log.error({ worker: to.name, error: describeError(error) }, "listeners not adopted in time");
    }
  }
}
