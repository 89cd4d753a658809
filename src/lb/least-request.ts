import type { RandomSource } from "../base/random.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import type { LbHost } from "./lb-host.ts";
import type { HostPicker } from "./load-balancer.ts";

/** Settings of `LEAST_REQUEST`. */
export interface LeastRequestSettings {
  /** How many hosts are drawn for one pick. At least 2, the default. */
  readonly choiceCount: number;
  /** With unequal weights, a host counts as `weight / (active requests + 1) ^ bias`. Default 1. */
  readonly activeRequestBias: number;
}

/**
 * `LEAST_REQUEST`: with equal weights, the least busy of some hosts drawn at random; with unequal ones, earliest
 * deadline first by weight and activity.
 * Differs from Envoy: a worker knows its own active requests only.
 */
export class LeastRequest<H extends LbHost> implements HostPicker<H> {
  readonly #hosts: readonly H[];
  readonly #random: RandomSource;
  readonly #settings: LeastRequestSettings;
  readonly #scheduler: EdfScheduler | null;

  constructor(hosts: readonly H[], random: RandomSource, settings: LeastRequestSettings) {
    this.#hosts = hosts;
    this.#random = random;
    this.#settings = settings;
    const equal = !hosts.some((host) => host.weight !== hosts[0]!.weight);
    this.#scheduler = equal ? null : new EdfScheduler(hosts.map((host) => host.weight));
    if (this.#scheduler === null) return;
    for (let skip = random.uint32() % hosts.length; skip > 0; skip--) this.pick();
  }

  pick(): H | null {
    const hosts = this.#hosts;
    const scheduler = this.#scheduler;
    if (scheduler !== null) {
      const host = hosts[scheduler.peek()]!;
      scheduler.putBack(this.#effectiveWeight(host));
      return host;
    }
    if (hosts.length === 0) return null;
    let best = hosts[this.#random.uint32() % hosts.length]!;
    for (let drawn = 1; drawn < this.#settings.choiceCount; drawn++) {
      const other = hosts[this.#random.uint32() % hosts.length]!;
      if (other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  }

  #effectiveWeight(host: H): number {
    const bias = this.#settings.activeRequestBias;
    if (bias === 0) return host.weight;
    const busy = host.activeRequests + 1;
    return host.weight / (bias === 1 ? busy : busy ** bias);
  }
}
