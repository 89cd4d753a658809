import type { Uint64 } from "../../base/uint64.ts";
import type { LbHost } from "../lb-host.ts";
import { MersenneTwister } from "../mersenne-twister.ts";
import type { WeightedHosts } from "../weighted-hosts.ts";
import type { HashPicker } from "./hash-picker.ts";

/**
 * `hash_balance_factor`: a host that has more than that many percent of its share of the active requests is passed over for the next
 * one in an order that the hash decides. Source: Envoy's `BoundedLoadHashingLoadBalancer`, with its order of alternatives.
 * Differs from Envoy: a worker knows its own active requests only.
 */
export class BoundedLoad<H extends LbHost> implements HashPicker<H> {
  /** Picks where the load allows it. */
  readonly table: HashPicker<H>;
  readonly #hosts: readonly H[];
  readonly #shares: Float64Array;
  readonly #indexOf: ReadonlyMap<H, number>;
  readonly #factorPercent: number;
  readonly #random = new MersenneTwister();
  /** Indices of all hosts in their own order, except while a pick goes through them. */
  readonly #order: Uint32Array;
  readonly #swaps: Uint32Array;

  constructor(table: HashPicker<H>, { hosts, shares }: WeightedHosts<H>, factorPercent: number) {
    this.table = table;
    this.#hosts = hosts;
    this.#shares = shares;
    this.#indexOf = new Map(hosts.map((host, at) => [host, at]));
    this.#factorPercent = factorPercent;
    this.#order = Uint32Array.from(hosts.keys());
    this.#swaps = new Uint32Array(hosts.length);
  }

  pick(hash: Uint64, attempt: number): H | null {
    const host = this.table.pick(hash, attempt);
    // Every host has room for one request, however small its share.
    if (host === null || host.activeRequests <= 1) return host;
    const slots = this.#slotCount();
    const load = this.#load(this.#indexOf.get(host)!, slots);
    return load <= 1 ? host : this.#pickOther(host, load, slots, hash);
  }

  /** Linear in the number of hosts tried, and those are few unless the whole cluster is busy. */
  #pickOther(first: H, firstLoad: number, slots: number, hash: Uint64): H {
    const hosts = this.#hosts;
    const order = this.#order;
    const swaps = this.#swaps;
    this.#random.seed(hash.low);
    let best = first;
    let bestLoad = firstLoad;
    let tried = 0;
    while (tried < hosts.length && bestLoad > 1) {
      const other = tried + this.#below(hosts.length - tried);
      swaps[tried] = other;
      swap(order, tried, other);
      const index = order[tried++]!;
      if (hosts[index] === first) continue;
      const load = this.#load(index, slots);
      if (load >= bestLoad) continue;
      best = hosts[index]!;
      bestLoad = load;
    }
    while (tried-- > 0) swap(order, tried, swaps[tried]!);
    return best;
  }

  /** How many requests all hosts together may have, one more than now included. */
  #slotCount(): number {
    let active = 0;
    for (const host of this.#hosts) active += host.activeRequests;
    return Math.floor(((active + 1) * this.#factorPercent + 99) / 100);
  }

  #load(index: number, slots: number): number {
    return this.#hosts[index]!.activeRequests / Math.max(Math.ceil(slots * this.#shares[index]!), 1);
  }

  #below(count: number): number {
    const bucket = Math.floor(0x1_0000_0000 / count);
    let value = count;
    while (value >= count) value = Math.floor(this.#random.uint32() / bucket);
    return value;
  }
}

function swap(list: Uint32Array, a: number, b: number): void {
  const kept = list[a]!;
  list[a] = list[b]!;
  list[b] = kept;
}
