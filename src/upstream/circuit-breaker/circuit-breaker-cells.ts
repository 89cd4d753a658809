import { CELLS_PER_SLOT, SLOTS_PER_CHUNK } from "./breaker-layout.ts";

/** One block of shared breaker counts as one worker sees it. Posted to workers as it is; posting it twice does no harm. */
export interface BreakerChunk {
  /** Slots `index * SLOTS_PER_CHUNK` and following are in here. */
  readonly index: number;
  /** The counts of the whole process. */
  readonly totals: SharedArrayBuffer;
  /** What this worker has taken of each; written by it alone. */
  readonly share: SharedArrayBuffer;
}

/** How many freed slots are looked at before a new one is taken. */
const REUSE_SEARCH_LIMIT = 16;

/**
 * The main thread's side of circuit breakers that are exact over all workers: gives each cluster a slot in shared memory, gives
 * each worker the memory, and takes back what a dead worker held. Main thread only.
 */
export class CircuitBreakerCells {
  readonly #totals: SharedArrayBuffer[] = [];
  /** Per worker slot, one buffer per chunk. */
  readonly #shares = new Map<number, SharedArrayBuffer[]>();
  readonly #slots = new Map<string, number>();
  #freed: number[] = [];
  #used = 0;

  /**
   * The slot of a cluster; the same name has the same slot until it is released. Goes with the cluster's data to the workers,
   * together with `chunksFor` of each.
   */
  allocate(clusterName: string): number {
    const known = this.#slots.get(clusterName);
    if (known !== undefined) return known;
    const slot = this.#takeFreed() ?? this.#used++;
    this.#slots.set(clusterName, slot);
    return slot;
  }

  /** The cluster is removed. Its slot is used again when its connections have drained on all workers. */
  release(clusterName: string): void {
    const slot = this.#slots.get(clusterName);
    if (slot === undefined) return;
    this.#slots.delete(clusterName);
    this.#freed.push(slot);
  }

  /** Sets all counts of a slot to 0: for what nobody holds anything of, and so never comes to 0 by itself. */
  clear(clusterName: string): void {
    const slot = this.#slots.get(clusterName);
    const buffer = slot === undefined ? undefined : this.#totals[Math.floor(slot / SLOTS_PER_CHUNK)];
    if (buffer === undefined) return;
    const totals = new Int32Array(buffer);
    const first = (slot! % SLOTS_PER_CHUNK) * CELLS_PER_SLOT;
    for (let cell = 0; cell < CELLS_PER_SLOT; cell++) Atomics.store(totals, first + cell, 0);
  }

  /** All memory that a worker needs for the slots allocated so far. */
  chunksFor(workerSlot: number): BreakerChunk[] {
    let shares = this.#shares.get(workerSlot);
    if (shares === undefined) {
      shares = [];
      this.#shares.set(workerSlot, shares);
    }
    const count = Math.ceil(this.#used / SLOTS_PER_CHUNK);
    const chunks: BreakerChunk[] = [];
    for (let index = 0; index < count; index++) {
      const totals = this.#totals[index] ?? newChunk();
      const share = shares[index] ?? newChunk();
      this.#totals[index] = totals;
      shares[index] = share;
      chunks.push({ index, totals, share });
    }
    return chunks;
  }

  /**
   * Takes back what a worker held. Call it when the worker's thread has ended, however it ended, and before a new worker gets
   * the same number.
   */
  reclaimWorker(workerSlot: number): void {
    const shares = this.#shares.get(workerSlot) ?? [];
    this.#shares.delete(workerSlot);
    for (const [index, share] of shares.entries()) {
      const totals = new Int32Array(this.#totals[index]!);
      for (const [cell, held] of new Int32Array(share).entries()) {
        if (held !== 0) Atomics.sub(totals, cell, held);
      }
    }
  }

  /** The slot's present counts, in the order of `breaker-layout.ts`; zeros if no worker has the memory yet. */
  counts(clusterName: string): readonly number[] {
    const slot = this.#slots.get(clusterName);
    return slot === undefined ? new Array<number>(CELLS_PER_SLOT).fill(0) : this.#countsOf(slot);
  }

  #countsOf(slot: number): number[] {
    const buffer = this.#totals[Math.floor(slot / SLOTS_PER_CHUNK)];
    if (buffer === undefined) return new Array<number>(CELLS_PER_SLOT).fill(0);
    const totals = new Int32Array(buffer);
    const first = (slot % SLOTS_PER_CHUNK) * CELLS_PER_SLOT;
    return Array.from({ length: CELLS_PER_SLOT }, (_, cell) => Atomics.load(totals, first + cell));
  }

  #takeFreed(): number | undefined {
    for (let at = 0; at < Math.min(this.#freed.length, REUSE_SEARCH_LIMIT); at++) {
      const slot = this.#freed[at]!;
      if (this.#countsOf(slot).some((count) => count !== 0)) continue;
      this.#freed.splice(at, 1);
      return slot;
    }
    // Those in front still drain; behind them others may have finished.
    this.#freed = this.#freed.slice(REUSE_SEARCH_LIMIT).concat(this.#freed.slice(0, REUSE_SEARCH_LIMIT));
    return undefined;
  }
}

function newChunk(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS_PER_CHUNK * CELLS_PER_SLOT * Int32Array.BYTES_PER_ELEMENT);
}
