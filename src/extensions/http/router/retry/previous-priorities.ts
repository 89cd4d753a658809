import type { LbHost } from "../../../../lb/lb-host.ts";
import type { PriorityAdjuster } from "../../../../lb/load-balancer-context.ts";
import { type PriorityLoad, spreadAvailability } from "../../../../lb/priority-load.ts";

/**
 * Leads the retries of one request to priorities that it has not been to. When all have been tried, all count again. Source: Envoy's
 * `PreviousPrioritiesRetryPriority`.
 */
export class PreviousPriorities implements PriorityAdjuster {
  readonly #updateFrequency: number;
  readonly #tried: LbHost[] = [];
  readonly #excluded = new Set<number>();
  #load: PriorityLoad | null = null;

  /** `updateFrequency`: after how many attempts it is looked anew at which priorities have been tried. */
  constructor(updateFrequency: number) {
    this.#updateFrequency = updateFrequency;
  }

  add(host: LbHost): void {
    this.#tried.push(host);
  }

  /** The load for the next attempt, where `load` is that of all other requests. */
  adjust(load: PriorityLoad): PriorityLoad {
    const count = this.#tried.length;
    if (count < this.#updateFrequency) return load;
    if (count % this.#updateFrequency !== 0) return this.#load ?? load;
    for (const { priority } of this.#tried) this.#excluded.add(priority);
    const left = this.#without(load) ?? this.#startAgain(load);
    if (left !== null) this.#load = left;
    return left ?? load;
  }

  #startAgain(load: PriorityLoad): PriorityLoad | null {
    this.#excluded.clear();
    this.#tried.length = 0;
    return this.#without(load);
  }

  /** Null if no priority that is left can take anything. */
  #without(load: PriorityLoad): PriorityLoad | null {
    const leave = (available: number, priority: number): number => (this.#excluded.has(priority) ? 0 : available);
    const healthy = load.healthyAvailable.map(leave);
    const degraded = load.degradedAvailable.map(leave);
    const spread = spreadAvailability(healthy, degraded);
    return spread === null ? null : { ...load, ...spread };
  }
}
