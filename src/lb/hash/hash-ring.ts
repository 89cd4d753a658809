import { murmurHash2 } from "../../base/murmur-hash2.ts";
import { Uint64 } from "../../base/uint64.ts";
import { xxHash64 } from "../../base/xx-hash64.ts";
import type { Gauge } from "../../stats/scope.ts";
import type { LbHost } from "../lb-host.ts";
import type { HashPicker } from "./hash-picker.ts";
import { type HashedEntries, sortByHash } from "./sort-by-hash.ts";
import type { HashRingSettings } from "./table-policy.ts";
import type { TableRecipe } from "./table-recipe.ts";

/** `ring_hash_lb.*`, without the prefix. */
export interface HashRingStats {
  readonly size: Gauge;
  readonly minHashesPerHost: Gauge;
  readonly maxHashesPerHost: Gauge;
}

/** A ring, and what there is to tell of it. Plain data, alike for all who build it from the same recipe. */
export interface RingEntries extends HashedEntries {
  readonly leastPerHost: number;
  readonly mostPerHost: number;
}

/**
 * `RING_HASH`: each host stands at several places of a ring, by its weight, and a request goes to the first place at or behind its hash
 * (ketama). Ring and picks are those of Envoy's `RingHashLoadBalancer::Ring` for the same hosts.
 */
export class HashRing<H extends LbHost> implements HashPicker<H> {
  readonly #hosts: readonly H[];
  readonly #ring: HashedEntries;

  /** `hosts` are in the order of the recipe's keys. */
  constructor(hosts: readonly H[], ring: RingEntries, stats: HashRingStats) {
    this.#hosts = hosts;
    this.#ring = ring;
    stats.size.set(ring.owners.length);
    stats.minHashesPerHost.set(ring.leastPerHost);
    stats.maxHashesPerHost.set(ring.mostPerHost);
  }

  pick(hash: Uint64, attempt: number): H | null {
    const size = this.#ring.owners.length;
    if (size === 0) return null;
    const at = (this.#firstNotBelow(hash.high >>> 0, hash.low >>> 0) + attempt) % size;
    return this.#hosts[this.#ring.owners[at]!]!;
  }

  /** Index of the first entry whose hash is not below this one; the number of entries if all are. */
  #firstNotBelow(high: number, low: number): number {
    const { highs, lows } = this.#ring;
    let from = 0;
    let to = highs.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const other = highs[middle]!;
      if (other < high || (other === high && lows[middle]! < low)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** How many places there are at least, not always whole. The least host gets a whole number of them. */
export function ringScale(minShare: number, { minRingSize, maxRingSize }: HashRingSettings): number {
  return Math.min(Math.ceil(minShare * minRingSize) / minShare, maxRingSize);
}

/** Builds the ring. Not all hosts get a whole number of places, which is why sums run along: over all hosts the shares come out right. */
export function buildRing({ keys, shares, minShare }: TableRecipe, settings: HashRingSettings): RingEntries {
  const scale = keys.length === 0 ? 0 : ringScale(minShare, settings);
  const hashOf = settings.hashFunction === "xxHash" ? xxHash64 : murmurHash2;
  const highs: number[] = [];
  const lows: number[] = [];
  const owners: number[] = [];
  const hash = new Uint64();
  let target = 0;
  let least = Math.ceil(scale);
  let most = 0;
  for (let owner = 0; owner < keys.length; owner++) {
    const key = `${keys[owner]!}_`;
    target += scale * shares[owner]!;
    let count = 0;
    for (; owners.length < target; count++) {
      hashOf(`${key}${count}`, hash.set(0, 0));
      highs.push(hash.high);
      lows.push(hash.low);
      owners.push(owner);
    }
    least = Math.min(least, count);
    most = Math.max(most, count);
  }
  const entries = { highs: Uint32Array.from(highs), lows: Uint32Array.from(lows), owners: Uint32Array.from(owners) };
  return { ...sortByHash(entries), leastPerHost: least, mostPerHost: most };
}
