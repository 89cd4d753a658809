import { assertInvariant } from "../../base/fatal.ts";
import type { ThresholdsData } from "../cluster-data.ts";
import { BREAKER_RESOURCES, CELLS_PER_SLOT, SLOTS_PER_CHUNK } from "./breaker-layout.ts";
import type { BreakerChunk } from "./circuit-breaker-cells.ts";
import { RetryBreaker } from "./retry-breaker.ts";
import { SharedCircuitBreaker } from "./shared-circuit-breaker.ts";

/** The breakers of one priority, as the worker's own code handles them. */
export interface SharedCircuitBreakers {
  readonly connections: SharedCircuitBreaker;
  readonly pendingRequests: SharedCircuitBreaker;
  readonly requests: SharedCircuitBreaker;
  readonly retries: RetryBreaker;
  readonly connectionPools: SharedCircuitBreaker;
}

interface AttachedChunk {
  readonly totals: Int32Array;
  readonly share: Int32Array;
}

/** The shared breaker memory of one worker, as the main thread granted it. */
export class BreakerMemory {
  readonly #chunks: AttachedChunk[] = [];

  /** Adds what is new among `chunks`; known ones are left as they are. */
  attach(chunks: readonly BreakerChunk[]): void {
    for (const chunk of chunks) {
      this.#chunks[chunk.index] ??= { totals: new Int32Array(chunk.totals), share: new Int32Array(chunk.share) };
    }
  }

  /** The breakers of a cluster's slot at one priority. The chunk must have been attached. */
  breakers(slot: number, priority: "default" | "high", thresholds: ThresholdsData): SharedCircuitBreakers {
    const chunk = this.#chunkOf(slot);
    const first = firstCell(slot) + (priority === "high" ? BREAKER_RESOURCES.length : 0);
    const make = (offset: number, max: number): SharedCircuitBreaker =>
      new SharedCircuitBreaker(chunk.totals, chunk.share, first + offset, max);
    const pendingRequests = make(1, thresholds.maxPendingRequests);
    const requests = make(2, thresholds.maxRequests);
    const { totals, share } = chunk;
    const retries = new RetryBreaker(totals, share, first + 3, thresholds.maxRetries, requests, pendingRequests);
    retries.setBudget(thresholds.retryBudget);
    const connections = make(0, thresholds.maxConnections);
    const connectionPools = make(4, thresholds.maxConnectionPools);
    return { connections, pendingRequests, requests, retries, connectionPools };
  }

  /** A slot that counts one thing only. The chunk must have been attached. */
  count(slot: number, max: number): SharedCircuitBreaker {
    const { totals, share } = this.#chunkOf(slot);
    return new SharedCircuitBreaker(totals, share, firstCell(slot), max);
  }

  #chunkOf(slot: number): AttachedChunk {
    const chunk = this.#chunks[Math.floor(slot / SLOTS_PER_CHUNK)];
    assertInvariant(chunk !== undefined, `breaker slot ${slot} came without its memory`);
    return chunk;
  }
}

function firstCell(slot: number): number {
  return (slot % SLOTS_PER_CHUNK) * CELLS_PER_SLOT;
}
