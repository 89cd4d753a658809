/** What is counted of one host, in the order of its cells: 32-bit counts in memory that all threads share. */
export const OutlierCell = {
  consecutive5xx: 0,
  consecutiveGatewayFailure: 1,
  consecutiveLocalOriginFailure: 2,
  /** Since the last interval. */
  externalTotal: 3,
  externalSuccess: 4,
  localTotal: 5,
  localSuccess: 6,
} as const;

const CELLS_PER_HOST = 8;
/** Hosts per block of memory; a block is 8 KiB. */
const HOSTS_PER_BLOCK = 256;

/** Where the counts of one host are. Posted to workers as it is: memory stays shared. */
export interface OutlierGrant {
  readonly memory: SharedArrayBuffer;
  /** Index of the first cell. */
  readonly first: number;
}

/** The counts of one host, on any thread. */
export class OutlierCells {
  readonly #cells: Int32Array;
  readonly #first: number;

  constructor({ memory, first }: OutlierGrant) {
    this.#cells = new Int32Array(memory);
    this.#first = first;
  }

  get(cell: number): number {
    return Atomics.load(this.#cells, this.#first + cell);
  }

  /** Adds one; answers the new count. */
  increment(cell: number): number {
    return Atomics.add(this.#cells, this.#first + cell, 1) + 1;
  }

  /** Sets it to 0. Cheaper than a write where it is 0 already, which is the rule. */
  reset(cell: number): void {
    if (Atomics.load(this.#cells, this.#first + cell) !== 0) Atomics.store(this.#cells, this.#first + cell, 0);
  }

  /** Sets it to 0; answers what it was. */
  take(cell: number): number {
    return Atomics.exchange(this.#cells, this.#first + cell, 0);
  }

  clear(): void {
    for (let cell = 0; cell < CELLS_PER_HOST; cell++) this.reset(cell);
  }
}

/**
 * Gives hosts their counts. Main thread. What a host gives back is used for another only when nothing else is left: requests to a host
 * that is gone may be under way for a while.
 */
export class OutlierMemory {
  readonly #freed: OutlierGrant[] = [];
  #block: SharedArrayBuffer | null = null;
  #used = HOSTS_PER_BLOCK;

  grant(): OutlierGrant {
    if (this.#block !== null && this.#used < HOSTS_PER_BLOCK) return this.#next(this.#block);
    const freed = this.#freed.shift();
    if (freed !== undefined) {
      new OutlierCells(freed).clear();
      return freed;
    }
    this.#block = new SharedArrayBuffer(HOSTS_PER_BLOCK * CELLS_PER_HOST * Int32Array.BYTES_PER_ELEMENT);
    this.#used = 0;
    return this.#next(this.#block);
  }

  release(grant: OutlierGrant): void {
    this.#freed.push(grant);
  }

  #next(memory: SharedArrayBuffer): OutlierGrant {
    return { memory, first: this.#used++ * CELLS_PER_HOST };
  }
}
