import type { HostConnectionLimitsData } from "../cluster-data.ts";
import type { Host } from "../host.ts";
import type { BreakerMemory } from "./breaker-memory.ts";
import type { CircuitBreaker, ResourcePriority } from "./circuit-breaker.ts";

/** The limits of the hosts of one cluster, on one worker. The counts are those of the whole process. */
export class HostConnectionLimits {
  readonly #memory: BreakerMemory;
  readonly #data: HostConnectionLimitsData;

  /** `memory` came with the cluster's membership. */
  constructor(memory: BreakerMemory, data: HostConnectionLimitsData) {
    this.#memory = memory;
    this.#data = data;
  }

  /** Of both limits; only `ofCluster` for a host that nothing is known of yet. */
  breaker(host: Host, priority: ResourcePriority, ofCluster: CircuitBreaker): CircuitBreaker {
    if (host.connectionSlot === -1) return ofCluster;
    return new BothBreakers(this.#memory.count(host.connectionSlot, this.#data[priority]), ofCluster);
  }
}

/** Two breakers as one: nothing is taken of either unless both allow it. */
class BothBreakers implements CircuitBreaker {
  readonly #one: CircuitBreaker;
  readonly #other: CircuitBreaker;

  constructor(one: CircuitBreaker, other: CircuitBreaker) {
    this.#one = one;
    this.#other = other;
  }

  get max(): number {
    return Math.min(this.#one.max, this.#other.max);
  }

  get count(): number {
    return this.#one.count;
  }

  get canCreate(): boolean {
    return this.#one.canCreate && this.#other.canCreate;
  }

  tryAcquire(): boolean {
    if (!this.#one.tryAcquire()) return false;
    if (this.#other.tryAcquire()) return true;
    this.#one.release();
    return false;
  }

  acquire(): void {
    this.#one.acquire();
    this.#other.acquire();
  }

  release(): void {
    this.#one.release();
    this.#other.release();
  }
}
