import { DOWNSTREAM_CONNECTIONS_COUNT, listenerConnectionsCount } from "../src/listener/connection-limits.ts";
import { CircuitBreakerCells } from "../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { BreakerExtras } from "./worker/breaker-extras.ts";
import type { ResourceName } from "./worker/protocol.ts";
import { workerNumber } from "./worker-number.ts";

/** Gives the workers the shared memory of circuit breakers and of filters' limits, and takes back what a dead worker held. Main thread. */
export class BreakerMemoryExtras {
  readonly #clusters = new SlottedResources(["cluster"], []);
  readonly #limits = new SlottedResources(
    ["listener", "sharedCount", "tokenBucket", "sharedValue"],
    [DOWNSTREAM_CONNECTIONS_COUNT],
  );

  /** What goes with a version to one worker. */
  forWorker(worker: string, resources: readonly ResourceName[]): BreakerExtras {
    return {
      ...this.#clusters.forWorker(workerNumber(worker), resources),
      limits: this.#limits.forWorker(workerNumber(worker), resources),
    };
  }

  /** A configuration is in force: the slots of what is gone are free as soon as nothing is held of them. */
  onInForce(resources: readonly ResourceName[]): void {
    this.#clusters.onInForce(resources);
    this.#limits.onInForce(resources);
  }

  /** The worker's thread has ended, however it ended. */
  workerEnded(worker: string): void {
    this.#clusters.workerEnded(workerNumber(worker));
    this.#limits.workerEnded(workerNumber(worker));
  }
}

/** The resources of some kinds, each of which has a slot of shared memory. */
class SlottedResources {
  readonly #kinds: readonly string[];
  /** What has a slot whatever is configured. */
  readonly #always: readonly string[];
  readonly #cells = new CircuitBreakerCells();
  /** Those that have a slot, by its name, with their kind. */
  #known = new Map<string, string>();

  constructor(kinds: readonly string[], always: readonly string[]) {
    this.#kinds = kinds;
    this.#always = always;
  }

  forWorker(workerSlot: number, resources: readonly ResourceName[]): Omit<BreakerExtras, "limits"> {
    const slots = new Map(this.#always.map((name) => [name, this.#cells.allocate(name)]));
    for (const { kind, name } of resources) {
      if (!this.#kinds.includes(kind)) continue;
      const slotName = slotNameOf(kind, name);
      slots.set(slotName, this.#cells.allocate(slotName));
      // Of a version that is refused, too: the next one in force releases it.
      this.#known.set(slotName, kind);
    }
    return { slots, chunks: this.#cells.chunksFor(workerSlot) };
  }

  onInForce(resources: readonly ResourceName[]): void {
    const mine = resources.filter(({ kind }) => this.#kinds.includes(kind));
    const present = new Map(mine.map(({ kind, name }) => [slotNameOf(kind, name), kind]));
    for (const [name, kind] of this.#known) {
      if (present.has(name)) continue;
      if (kind === "tokenBucket" || kind === "sharedValue") this.#cells.clear(name);
      this.#cells.release(name);
    }
    this.#known = present;
  }

  workerEnded(workerSlot: number): void {
    this.#cells.reclaimWorker(workerSlot);
  }
}

function slotNameOf(kind: string, name: string): string {
  return kind === "listener" ? listenerConnectionsCount(name) : name;
}
