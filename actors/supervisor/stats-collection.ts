import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import type { StatsShard } from "../worker/protocol.ts";
import type { StatsFlushed, WorkerAnswer } from "./protocol.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** Merges what workers count. Called on the main thread. */
export interface StatsReceiver {
  /** A new thread of this worker counts from zero. */
  workerStarted(worker: string, incarnation: number): void;
  /** In the order they were taken, each once. */
  receive(worker: string, incarnation: number, shard: StatsShard): void;
  /** The thread is gone; nothing more comes of it. */
  workerEnded(worker: string, incarnation: number): void;
}

/** One request for fresh stats. */
interface Request {
  readonly waiting: Map<string, WorkerHandle>;
  readonly answers: WorkerAnswer<undefined>[];
  readonly finish: () => void;
}

/**
 * Brings the workers' stats to the receiver: as they push them, and on request. A shard is never lost to a deadline: one
 * that comes late is merged all the same.
 */
export class StatsCollection {
  readonly #receiver: StatsReceiver;
  readonly #timers: TimerWheel;
  readonly #requests = new Map<number, Request>();
  #nextId = 1;

  constructor(receiver: StatsReceiver, timers: TimerWheel) {
    this.#receiver = receiver;
    this.#timers = timers;
  }

  /** From a worker. `worker` is undefined if it isn't known any more. */
  onFlushed(message: StatsFlushed, worker: WorkerHandle | undefined): void {
    const { shard, incarnation, requestIds } = message;
    if (shard !== undefined) this.#receiver.receive(message.worker, incarnation, shard);
    if (worker?.incarnation === incarnation) worker.ref.tell({ type: "statsAccepted" });
    for (const id of requestIds) {
      const request = this.#requests.get(id);
      if (request === undefined || !request.waiting.delete(message.worker)) continue;
      request.answers.push({ worker: message.worker, answered: true, value: undefined });
      if (request.waiting.size === 0) request.finish();
    }
  }

  /** Resolves when all have flushed, at the deadline at the latest; the answers say who has. */
  collect(workers: readonly WorkerHandle[], deadlineMs: number): Promise<readonly WorkerAnswer<undefined>[]> {
    if (workers.length === 0) return Promise.resolve([]);
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<readonly WorkerAnswer<undefined>[]>();
    const timer = this.#timers.timer(() => request.finish());
    const request: Request = {
      waiting: new Map(workers.map((worker) => [worker.name, worker])),
      answers: [],
      finish: () => {
        timer.disarm();
        this.#requests.delete(id);
        const reason = `no stats within ${deadlineMs} ms`;
        const missing = [...request.waiting.keys()].map((worker) => ({ worker, answered: false, reason }) as const);
        resolve([...request.answers, ...missing]);
      },
    };
    this.#requests.set(id, request);
    timer.arm(deadlineMs);
    for (const worker of workers) worker.ref.tell({ type: "flushStats", requestId: id });
    return promise;
  }
}
