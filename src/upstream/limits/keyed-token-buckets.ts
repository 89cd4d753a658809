import { hash } from "node:crypto";
import { SharedTokenBucket, TOKEN_BUCKET_CELLS, type TokenBucketSettings } from "../../base/shared-token-bucket.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** Memory that all workers share: cells from `first` on, which is even. Fresh ones are 0. */
export interface SharedCells {
  readonly cells: Int32Array;
  readonly first: number;
}

/** Cells that each bucket takes: the bucket, whose it is (64 bits), when it was last used. */
export const KEYED_BUCKET_CELLS = TOKEN_BUCKET_CELLS + 3;
const OWNER = TOKEN_BUCKET_CELLS;
const LAST_USE = OWNER + 2;
/** How often a worker that is overtaken by another looks again. */
const ATTEMPTS = 4;
/** Instead of an owner: the bucket is nobody's, or a worker is making it somebody's. No key has these. */
const NOBODY = 0n;
const BEING_MADE = 1n;

interface Place extends SharedCells {
  readonly owners: BigInt64Array;
  readonly bucket: TokenBucket;
}

interface Known {
  readonly owner: bigint;
  readonly place: Place;
}

/** A bucket that may be taken over, if its owner is still this one. */
interface Candidate {
  readonly place: Place;
  readonly owner: bigint;
}

/**
 * A fixed number of token buckets that all workers share, for as many keys as come: who has none gets a fresh one, or that which was not
 * used for longest. A key is known by 64 bits of its SHA-256. Two workers that see a new key at the same moment agree on one bucket.
 */
export class KeyedTokenBuckets {
  readonly #places: readonly Place[];
  readonly #nowMs: () => number;
  /** What this worker has found; may be out of date. Bounded by twice the number of buckets. */
  readonly #known = new Map<string, Known>();

  /** At least one of `cells`. `nowMs` is the time of the process. */
  constructor(cells: readonly SharedCells[], settings: TokenBucketSettings, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#places = cells.map((each) => createPlace(each, settings, nowMs));
  }

  /** The key's bucket, for this request. */
  of(key: string): TokenBucket {
    const known = this.#known.get(key);
    const place = known !== undefined && isOwner(known.place, known.owner) ? known.place : this.#find(key);
    Atomics.store(place.cells, place.first + LAST_USE, Math.floor(this.#nowMs()) | 0);
    return place.bucket;
  }

  #find(key: string): Place {
    const owner = ownerOf(key);
    let place = this.#places[0]!;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const own = this.#places.find((each) => isOwner(each, owner));
      const candidate = own === undefined ? this.#leastUsed() : null;
      place = own ?? candidate!.place;
      if (candidate === null || this.#claim(candidate, owner)) break;
    }
    if (this.#known.size >= 2 * this.#places.length) this.#known.clear();
    this.#known.set(key, { owner, place });
    return place;
  }

  /** One that nobody has, else that which was not used for longest. */
  #leastUsed(): Candidate {
    const now = Math.floor(this.#nowMs()) | 0;
    let found: Candidate = { place: this.#places[0]!, owner: BEING_MADE };
    let longestMs = -1;
    for (const place of this.#places) {
      // Read first: whoever takes the place over meanwhile has used it later.
      const owner = Atomics.load(place.owners, ownerIndex(place.first));
      if (owner === NOBODY) return { place, owner };
      if (owner === BEING_MADE) continue;
      // Negative: used just now by a thread whose clock is a bit ahead.
      const unusedMs = Math.max(0, (now - Atomics.load(place.cells, place.first + LAST_USE)) | 0);
      if (unusedMs <= longestMs) continue;
      found = { place, owner };
      longestMs = unusedMs;
    }
    return found;
  }

  /**
   * Makes a bucket the owner's, full; false if another worker was faster, here or elsewhere. However long the thread is held up in the
   * middle of this, a bucket that others take from is never filled: it has its owner only when it is done. A thread that is terminated in
   * the middle takes the bucket with it.
   */
  #claim({ place, owner: before }: Candidate, owner: bigint): boolean {
    const { cells, first, owners } = place;
    const at = ownerIndex(first);
    if (before === BEING_MADE) return false;
    if (Atomics.compareExchange(owners, at, before, BEING_MADE) !== before) return false;
    Atomics.store(cells, first + LAST_USE, Math.floor(this.#nowMs()) | 0);
    for (let cell = 0; cell < TOKEN_BUCKET_CELLS; cell++) Atomics.store(cells, first + cell, 0);
    // Looked for twice: two that make one each at the same moment both give theirs up, and look again.
    const isFirst = !this.#isElsewhere(place, owner);
    Atomics.store(owners, at, isFirst ? owner : NOBODY);
    if (!isFirst) return false;
    if (!this.#isElsewhere(place, owner)) return true;
    Atomics.compareExchange(owners, at, owner, NOBODY);
    return false;
  }

  #isElsewhere(place: Place, owner: bigint): boolean {
    return this.#places.some((each) => each !== place && isOwner(each, owner));
  }
}

function createPlace({ cells, first }: SharedCells, settings: TokenBucketSettings, nowMs: () => number): Place {
  const bucket = new SharedTokenBucket(cells, first, settings);
  return {
    cells,
    first,
    owners: new BigInt64Array(cells.buffer as SharedArrayBuffer),
    bucket: {
      tryTake: (count) => bucket.tryTake(nowMs(), count),
      available: () => bucket.available(nowMs()),
      nextFillMs: () => bucket.nextFillMs(nowMs()),
    },
  };
}

function ownerOf(key: string): bigint {
  const bits = hash("sha256", key, "buffer").readBigInt64LE(0);
  return bits === NOBODY || bits === BEING_MADE ? -1n : bits;
}

function isOwner({ owners, first }: Place, owner: bigint): boolean {
  return Atomics.load(owners, ownerIndex(first)) === owner;
}

function ownerIndex(first: number): number {
  return (first + OWNER) / 2;
}
