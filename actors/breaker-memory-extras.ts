import { CircuitBreakerCells } from "../src/upstream/circuit-breaker-cells.ts";
import type { BreakerExtras } from "./worker/breaker-extras.ts";
import type { ResourceName } from "./worker/protocol.ts";

/** Gives the workers the shared memory of their circuit breakers, and takes back what a dead worker held. Main thread. */
export class BreakerMemoryExtras {
  readonly #cells = new CircuitBreakerCells();
  /** Clusters that have a slot. */
  #clusters = new Set<string>();

  /** What goes with a version to one worker. */
  forWorker(worker: string, resources: readonly ResourceName[]): BreakerExtras {
    const slots = new Map<string, number>();
    for (const { kind, name } of resources) {
      if (kind !== "cluster") continue;
      slots.set(name, this.#cells.allocate(name));
      // Of a version that is refused, too: the next one in force releases it.
      this.#clusters.add(name);
    }
    return { slots, chunks: this.#cells.chunksFor(slotOf(worker)) };
  }

  /** A configuration is in force: the slots of clusters that are gone are free as soon as they have drained. */
  onInForce(resources: readonly ResourceName[]): void {
    const present = new Set(resources.filter(({ kind }) => kind === "cluster").map(({ name }) => name));
    for (const name of this.#clusters) if (!present.has(name)) this.#cells.release(name);
    this.#clusters = present;
  }

  /** The worker's thread has ended, however it ended. */
  workerEnded(worker: string): void {
    this.#cells.reclaimWorker(slotOf(worker));
  }
}

/** `worker-3` is 3. */
function slotOf(worker: string): number {
  return Number(worker.slice(worker.lastIndexOf("-") + 1));
}
