import { Uint64 } from "../../base/uint64.ts";
import { xxHash64 } from "../../base/xx-hash64.ts";
import type { Gauge } from "../../stats/scope.ts";
import type { LbHost } from "../lb-host.ts";
import type { HashPicker } from "./hash-picker.ts";
import type { MaglevSettings } from "./table-policy.ts";
import type { TableRecipe } from "./table-recipe.ts";

/** `maglev_lb.*`, without the prefix. */
export interface MaglevStats {
  readonly minEntriesPerHost: Gauge;
  readonly maxEntriesPerHost: Gauge;
}

/** A table, and what there is to tell of it. Plain data, alike for all who build it from the same recipe. */
export interface MaglevEntries {
  /** By entry: index of its host. */
  readonly owners: Uint32Array;
  readonly leastPerHost: number;
  readonly mostPerHost: number;
}

/**
 * `MAGLEV`: a table of fixed size in which each host owns entries by its weight; a request's hash is its index. Table and picks are
 * those of Envoy's `MaglevTable` for the same hosts. Source: the Maglev paper, section 3.4.
 */
export class MaglevTable<H extends LbHost> implements HashPicker<H> {
  readonly #hosts: readonly H[];
  readonly #owners: Uint32Array;
  readonly #attemptHash = new Uint64();

  /** `hosts` are in the order of the recipe's keys. */
  constructor(hosts: readonly H[], { owners, leastPerHost, mostPerHost }: MaglevEntries, stats: MaglevStats) {
    this.#hosts = hosts;
    this.#owners = owners;
    stats.minEntriesPerHost.set(leastPerHost);
    stats.maxEntriesPerHost.set(mostPerHost);
  }

  pick(hash: Uint64, attempt: number): H | null {
    if (this.#owners.length === 0) return null;
    let key = hash;
    // Nearly all bits change with the attempt, so that attempts do not all land on one host.
    if (attempt > 0) key = this.#attemptHash.copy(hash).xor(-1, -attempt);
    return this.#hosts[this.#owners[key.modulo(this.#owners.length)]!]!;
  }
}

/** Where a host's own order of the table's entries begins and how it goes on. */
interface Permutations {
  /** By host: the entry that it asks for next. */
  readonly next: Uint32Array;
  readonly skips: Uint32Array;
}

function permutations(keys: readonly string[], size: number): Permutations {
  const next = new Uint32Array(keys.length);
  const skips = new Uint32Array(keys.length);
  const hash = new Uint64();
  for (let owner = 0; owner < keys.length; owner++) {
    next[owner] = xxHash64(keys[owner]!, hash.set(0, 0)).modulo(size);
    skips[owner] = xxHash64(keys[owner]!, hash.set(0, 1)).modulo(size - 1) + 1;
  }
  return { next, skips };
}

/** Builds the table. */
export function buildMaglev({ keys, shares, maxShare }: TableRecipe, { tableSize }: MaglevSettings): MaglevEntries {
  if (keys.length === 0) return { owners: new Uint32Array(0), leastPerHost: 0, mostPerHost: 0 };
  const { next, skips } = permutations(keys, tableSize);
  const owners = new Uint32Array(tableSize).fill(FREE);
  const targets = new Float64Array(keys.length);
  const counts = new Uint32Array(keys.length);
  let filled = 0;
  for (let round = 1; filled < tableSize; round++) {
    for (let owner = 0; owner < keys.length && filled < tableSize; owner++) {
      // A host of half the largest weight has its turn every second round.
      if (round * shares[owner]! < targets[owner]!) continue;
      targets[owner] = targets[owner]! + maxShare;
      let entry = next[owner]!;
      while (owners[entry] !== FREE) entry = (entry + skips[owner]!) % tableSize;
      owners[entry] = owner;
      next[owner] = (entry + skips[owner]!) % tableSize;
      counts[owner]!++;
      filled++;
    }
  }
  return {
    owners,
    leastPerHost: counts.reduce((least, count) => Math.min(least, count), tableSize),
    mostPerHost: counts.reduce((most, count) => Math.max(most, count), 0),
  };
}

/** No host has this index. */
const FREE = 0xffff_ffff;
