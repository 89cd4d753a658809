import type { ActorRef } from "../../src/actor/actor-ref.ts";
import { describeError } from "../../src/actor/ask-error.ts";
import type { Logger } from "../../src/base/log.ts";
import type { BreakerChunk } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { HostSet } from "../../src/upstream/membership/host-set.ts";
import type { WorkerMessage } from "../worker/protocol.ts";

/** A worker that doesn't answer for so long is asked again with what has changed until then. */
const UPDATE_TIMEOUT_MS = 5000;

/** What workers are told of. */
export interface HostKnowledge {
  /** The hosts of a cluster; undefined if it is gone. */
  find(cluster: string): HostSet | undefined;
  /** The memory in which this worker counts what it counts of hosts. Grows only. */
  hostChunks(): readonly BreakerChunk[];
}

/**
 * Keeps one worker's knowledge of hosts up to date: what has changed since it last answered, in one message at a time, however fast the
 * changes come. A worker that missed something, or answers late, gets what it needs with the next message.
 */
export class WorkerSync {
  readonly #worker: string;
  readonly #ref: ActorRef<WorkerMessage>;
  readonly #knowledge: HostKnowledge;
  readonly #log: Logger;
  /** The version of each cluster that the worker is known to have. */
  readonly #known = new Map<string, number>();
  readonly #dirty = new Set<string>();
  #waiting: (() => void)[] = [];
  /** How much of the memory the worker has. */
  #chunkCount = 0;
  #sending = false;
  #ended = false;

  constructor(worker: string, ref: ActorRef<WorkerMessage>, knowledge: HostKnowledge, log: Logger) {
    this.#worker = worker;
    this.#ref = ref;
    this.#knowledge = knowledge;
    this.#log = log;
  }

  /** The hosts of this cluster have changed. Nothing is sent before `flush`. */
  note(cluster: string): void {
    this.#dirty.add(cluster);
  }

  /** The cluster is gone, and with it what the worker knew of it. */
  forget(cluster: string): void {
    this.#known.delete(cluster);
    this.#dirty.delete(cluster);
  }

  /** Sends what there is to send, unless an answer is still awaited. */
  flush(): void {
    if (!this.#sending && !this.#ended) void this.#run();
  }

  /** Resolves when the worker has all that is noted now, or has ended. */
  synced(): Promise<void> {
    if (this.#ended || (this.#dirty.size === 0 && !this.#sending)) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.flush();
    return promise;
  }

  end(): void {
    this.#ended = true;
    this.#settle();
  }

  async #run(): Promise<void> {
    this.#sending = true;
    while (this.#dirty.size > 0 && !this.#ended) await this.#send();
    this.#sending = false;
    this.#settle();
  }

  async #send(): Promise<void> {
    const clusters = [...this.#dirty];
    this.#dirty.clear();
    const deltas = clusters.flatMap(
      (cluster) => this.#knowledge.find(cluster)?.since(this.#known.get(cluster) ?? 0) ?? [],
    );
    if (deltas.length === 0) return;
    const chunks = this.#knowledge.hostChunks();
    const hostChunks = chunks.slice(this.#chunkCount);
    try {
      const { missed } = await this.#ref.ask({ type: "updateMembership", deltas, hostChunks }, UPDATE_TIMEOUT_MS);
      this.#chunkCount = chunks.length;
      for (const { cluster, to } of deltas) this.#known.set(cluster, to);
      for (const cluster of missed) this.#again(cluster);
    } catch (error) {
      // Whether it took them is not known: everything, next time.
      for (const { cluster } of deltas) this.#again(cluster);
      if (!this.#ended)
        this.#log.warn({ worker: this.#worker, error: describeError(error) }, "hosts not taken over in time");
    }
  }

  #again(cluster: string): void {
    this.#known.delete(cluster);
    this.#dirty.add(cluster);
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
