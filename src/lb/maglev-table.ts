import { Uint64 } from "../base/uint64.ts";
import { xxHash64 } from "../base/xx-hash64.ts";
import type { Gauge } from "../stats/scope.ts";
import { type HashPicker, hostHashKey, sortedByKey } from "./hash-picker.ts";
import type { LbHost } from "./lb-host.ts";
import type { WeightedHosts } from "./weighted-hosts.ts";

/** Settings of `MAGLEV`. Plain data. */
export interface MaglevSettings {
  /** A prime number up to 5,000,011. Default 65,537. */
  readonly tableSize: number;
  readonly useHostname: boolean;
}

/** `maglev_lb.*`, without the prefix. */
export interface MaglevStats {
  readonly minEntriesPerHost: Gauge;
  readonly maxEntriesPerHost: Gauge;
}

/**
 * `MAGLEV`: a table of fixed size in which each host owns entries by its weight; a request's hash is its index. Table and picks are
 * those of Envoy's `MaglevTable` for the same hosts. Source: the Maglev paper, section 3.4.
 */
export class MaglevTable<H extends LbHost> implements HashPicker<H> {
  readonly #hosts: readonly H[];
  readonly #size: number;
  /** By entry: index of its host. */
  readonly #owners: Uint32Array;
  readonly #attemptHash = new Uint64();

  constructor(weighted: WeightedHosts<H>, settings: MaglevSettings, stats: MaglevStats) {
    this.#hosts = weighted.hosts;
    this.#size = settings.tableSize;
    this.#owners = weighted.hosts.length === 0 ? new Uint32Array(0) : buildTable(weighted, settings, stats);
  }

  pick(hash: Uint64, attempt: number): H | null {
    if (this.#owners.length === 0) return null;
    let key = hash;
    // Nearly all bits change with the attempt, so that attempts do not all land on one host.
    if (attempt > 0) key = this.#attemptHash.copy(hash).xor(-1, -attempt);
    return this.#hosts[this.#owners[key.modulo(this.#size)]!]!;
  }
}

/** Where a host's own order of the table's entries begins and how it goes on. */
interface Permutations {
  /** By host: the entry that it asks for next. */
  readonly next: Uint32Array;
  readonly skips: Uint32Array;
}

function permutations(keys: readonly string[], order: readonly number[], size: number): Permutations {
  const next = new Uint32Array(keys.length);
  const skips = new Uint32Array(keys.length);
  const hash = new Uint64();
  for (const owner of order) {
    next[owner] = xxHash64(keys[owner]!, hash.set(0, 0)).modulo(size);
    skips[owner] = xxHash64(keys[owner]!, hash.set(0, 1)).modulo(size - 1) + 1;
  }
  return { next, skips };
}

function buildTable<H extends LbHost>(
  { hosts, shares, maxShare }: WeightedHosts<H>,
  settings: MaglevSettings,
  stats: MaglevStats,
): Uint32Array {
  const size = settings.tableSize;
  const keys = hosts.map((host) => hostHashKey(host, settings.useHostname));
  // The table must not depend on the order in which the hosts came.
  const order = sortedByKey(keys);
  const { next, skips } = permutations(keys, order, size);
  const owners = new Uint32Array(size).fill(FREE);
  const targets = new Float64Array(hosts.length);
  const counts = new Uint32Array(hosts.length);
  let filled = 0;
  for (let round = 1; filled < size; round++) {
    for (let at = 0; at < order.length && filled < size; at++) {
      const owner = order[at]!;
      // A host of half the largest weight has its turn every second round.
      if (round * shares[owner]! < targets[owner]!) continue;
      targets[owner] = targets[owner]! + maxShare;
      let entry = next[owner]!;
      while (owners[entry] !== FREE) entry = (entry + skips[owner]!) % size;
      owners[entry] = owner;
      next[owner] = (entry + skips[owner]!) % size;
      counts[owner]!++;
      filled++;
    }
  }
  stats.minEntriesPerHost.set(counts.reduce((least, count) => Math.min(least, count), size));
  stats.maxEntriesPerHost.set(counts.reduce((most, count) => Math.max(most, count), 0));
  return owners;
}

/** No host has this index. */
const FREE = 0xffff_ffff;
