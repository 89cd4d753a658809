import type { Clock } from "../../src/base/clock.ts";
import type { StatsShard } from "./protocol.ts";
import type { WorkerRuntime } from "./runtime.ts";

/** An acceptance that hasn't come after so many intervals is not coming any more. */
const LOST_AFTER_INTERVALS = 10;

/** Sends a shard; `requestIds` are the requests it answers. `shard` is undefined if nothing changed. */
export type SendShard = (shard: StatsShard | undefined, requestIds: readonly number[]) => void;

/**
 * Pushes stats to the supervisor, one shard under way at a time: what changes meanwhile goes with the next, so that a
 * slow receiver costs no memory here.
 */
export class StatsFlush {
  readonly #runtime: WorkerRuntime;
  readonly #clock: Clock;
  readonly #lostAfterMs: number;
  readonly #send: SendShard;
  #sentAtMs: number | undefined;
  #requestIds: number[] = [];
  #again = false;

  constructor(runtime: WorkerRuntime, clock: Clock, intervalMs: number, send: SendShard) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#lostAfterMs = intervalMs * LOST_AFTER_INTERVALS;
    this.#send = send;
  }

  /** The interval has passed. */
  onInterval(): void {
    if (!this.#underWay()) this.#flush(false);
  }

  /**
   * There are stats of new names. The sooner the supervisor knows where they are counted, the less a crash can lose: from then on it
   * reads the shared memory even of a thread that is gone.
   */
  onNewStats(): void {
    if (this.#underWay()) this.#again = true;
    else this.#flush(false);
  }

  /** Somebody wants the stats as they are now. Answered with the next shard if one is under way. */
  onRequest(requestId: number): void {
    this.#requestIds.push(requestId);
    if (!this.#underWay()) this.#flush(true);
  }

  onAccepted(): void {
    this.#sentAtMs = undefined;
    if (this.#requestIds.length > 0) this.#flush(true);
    else if (this.#again) this.#flush(false);
  }

  #underWay(): boolean {
    return this.#sentAtMs !== undefined && this.#clock.nowMs() - this.#sentAtMs < this.#lostAfterMs;
  }

  #flush(evenIfEmpty: boolean): void {
    const shard = this.#runtime.takeStats();
    this.#again = false;
    if (shard === undefined && !evenIfEmpty) return;
    const requestIds = this.#requestIds;
    this.#requestIds = [];
    if (shard !== undefined) this.#sentAtMs = this.#clock.nowMs();
    this.#send(shard, requestIds);
  }
}
