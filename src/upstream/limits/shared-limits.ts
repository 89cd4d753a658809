import { type Clock, processTimeOffsetMs } from "../../base/clock.ts";
import { assertInvariant } from "../../base/fatal.ts";
import { SharedTokenBucket, type TokenBucketSettings } from "../../base/shared-token-bucket.ts";
import { CELLS_PER_SLOT, SLOTS_PER_CHUNK } from "../circuit-breaker/breaker-layout.ts";
import type { BreakerChunk } from "../circuit-breaker/circuit-breaker-cells.ts";
import { SharedCircuitBreaker } from "../circuit-breaker/shared-circuit-breaker.ts";
import { KeyedTokenBuckets } from "./keyed-token-buckets.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** The shared memory of limits, as it comes with a snapshot: which slot each resource has, by name, and the memory. */
export interface SharedLimitGrant {
  readonly slots: ReadonlyMap<string, number>;
  readonly chunks: readonly BreakerChunk[];
}

interface AttachedChunk {
  readonly totals: Int32Array;
  readonly share: Int32Array;
}

/**
 * Limits that filters of all workers keep to together, exactly: counts of what is held and token buckets. A filter's compile
 * function adds a resource (`context.addResource("sharedCount", …)`); its name leads to the limit here. One per worker.
 */
export class SharedLimits {
  readonly #clock: Clock;
  readonly #offsetMs: number;
  readonly #chunks: AttachedChunk[] = [];
  readonly #slots = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = processTimeOffsetMs(clock);
  }

  /** Takes what a snapshot brings, before anything is built from the snapshot. */
  attach({ slots, chunks }: SharedLimitGrant): void {
    for (const { index, totals, share } of chunks) {
      this.#chunks[index] ??= { totals: new Int32Array(totals), share: new Int32Array(share) };
    }
    for (const [name, slot] of slots) this.#slots.set(name, slot);
  }

  /** The resource is gone. Who still has its limit may go on using it. */
  forget(name: string): void {
    this.#slots.delete(name);
  }

  /** How many of something all workers hold together, at most `max`. What a dead worker held is given back. */
  count(name: string, max: number): SharedCircuitBreaker {
    const { chunk, first } = this.#place(name);
    return new SharedCircuitBreaker(chunk.totals, chunk.share, first, max);
  }

  tokenBucket(name: string, settings: TokenBucketSettings): TokenBucket {
    const { chunk, first } = this.#place(name);
    const bucket = new SharedTokenBucket(chunk.totals, first, settings);
    const now = (): number => this.#clock.nowMs() + this.#offsetMs;
    return {
      tryTake: (count) => bucket.tryTake(now(), count),
      available: () => bucket.available(now()),
      nextFillMs: () => bucket.nextFillMs(now()),
    };
  }

  /** The buckets `names`, for as many keys as come. */
  keyedBuckets(names: readonly string[], settings: TokenBucketSettings): KeyedTokenBuckets {
    const cells = names.map((name) => {
      const { chunk, first } = this.#place(name);
      return { cells: chunk.totals, first };
    });
    return new KeyedTokenBuckets(cells, settings, () => this.#clock.nowMs() + this.#offsetMs);
  }

  /** One number that all workers see, 0 at first, to be read and written by `Atomics`. */
  value(name: string): Int32Array {
    const { chunk, first } = this.#place(name);
    return chunk.totals.subarray(first, first + 1);
  }

  #place(name: string): { readonly chunk: AttachedChunk; readonly first: number } {
    const slot = this.#slots.get(name);
    assertInvariant(slot !== undefined, `the limit ${name} came without its memory`);
    const chunk = this.#chunks[Math.floor(slot / SLOTS_PER_CHUNK)];
    assertInvariant(chunk !== undefined, `slot ${slot} of the limit ${name} came without its memory`);
    return { chunk, first: (slot % SLOTS_PER_CHUNK) * CELLS_PER_SLOT };
  }
}
