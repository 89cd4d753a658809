import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { StatsDelta } from "../../src/stats/stats-delta.ts";
import type { StatsMessage } from "./protocol.ts";

/** Turns the supervisor's calls about worker threads and their stats into messages to the stats actor. */
export class StatsInlet {
  readonly #stats: ActorRef<StatsMessage>;

  constructor(stats: ActorRef<StatsMessage>) {
    this.#stats = stats;
  }

  workerStarted(worker: string, incarnation: number): void {
    this.#stats.tell({ type: "threadJoined", worker, incarnation });
  }

  receive(
    worker: string,
    incarnation: number,
    report: { readonly delta: StatsDelta; readonly newMemory: readonly SharedArrayBuffer[] },
  ): void {
    const { delta, newMemory } = report;
    this.#stats.tell({ type: "threadReported", worker, incarnation, delta, newMemory });
  }

  workerEnded(worker: string, incarnation: number): void {
    this.#stats.tell({ type: "threadLeft", worker, incarnation });
  }
}
