import type { RandomSource } from "../base/random.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import type { LbHost } from "./lb-host.ts";
import type { HostPicker } from "./load-balancer.ts";
import type { SlowStart } from "./slow-start.ts";

/** Settings of `LEAST_REQUEST`. */
export interface LeastRequestSettings {
  /** How many hosts are drawn for one pick. At least 2, the default. */
  readonly choiceCount: number;
  /** With unequal weights, a host counts as `weight / (active requests + 1) ^ bias`. Default 1. */
  readonly activeRequestBias: number;
  /** Look at all hosts for each pick instead of some drawn ones. Default false. */
  readonly fullScan: boolean;
}

/**
 * `LEAST_REQUEST`: with equal weights, the least busy of some hosts drawn at random, or of all; with unequal ones or during slow
 * starts, earliest deadline first by weight and activity.
 * Differs from Envoy: a worker knows its own active requests only.
 */
export class LeastRequest<H extends LbHost> implements HostPicker<H> {
  readonly #hosts: readonly H[];
  readonly #random: RandomSource;
  readonly #settings: LeastRequestSettings;
  readonly #slowStart: SlowStart<H> | null;
  readonly #scheduler: EdfScheduler | null;
  /** Entries that were peeked at. */
  readonly #drawn: number[] = [];

  constructor(
    hosts: readonly H[],
    random: RandomSource,
    settings: LeastRequestSettings,
    slowStart: SlowStart<H> | null = null,
  ) {
    this.#hosts = hosts;
    this.#random = random;
    this.#settings = settings;
    this.#slowStart = slowStart;
    const isWarming = slowStart?.isWarming === true && hosts.length > 1;
    const equal = !isWarming && !hosts.some((host) => host.weight !== hosts[0]!.weight);
    this.#scheduler = equal ? null : new EdfScheduler(hosts.map((host) => host.weight * this.#slowStartFactor(host)));
    if (this.#scheduler === null) return;
    for (let skip = random.uint32() % hosts.length; skip > 0; skip--) this.pick();
  }

  pick(): H | null {
    const scheduler = this.#scheduler;
    if (scheduler !== null) {
      if (this.#drawn.length > 0) return this.#hosts[this.#drawn.shift()!]!;
      return this.#hosts[this.#draw(scheduler)]!;
    }
    if (this.#hosts.length === 0) return null;
    return this.#settings.fullScan ? this.#leastOfAll() : this.#leastOfDrawn();
  }

  /** Only with weights: otherwise it depends on how busy hosts are then. */
  peek(): H | null {
    if (this.#scheduler === null) return null;
    const entry = this.#draw(this.#scheduler);
    this.#drawn.push(entry);
    return this.#hosts[entry]!;
  }

  #draw(scheduler: EdfScheduler): number {
    const entry = scheduler.peek();
    scheduler.putBack(this.#effectiveWeight(this.#hosts[entry]!));
    return entry;
  }

  #leastOfDrawn(): H {
    const hosts = this.#hosts;
    let best = hosts[this.#random.uint32() % hosts.length]!;
    for (let drawn = 1; drawn < this.#settings.choiceCount; drawn++) {
      const other = hosts[this.#random.uint32() % hosts.length]!;
      if (other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  }

  /** Of several that are equally idle, each has the same chance. */
  #leastOfAll(): H {
    let best = this.#hosts[0]!;
    let equals = 0;
    for (const host of this.#hosts) {
      if (host.activeRequests > best.activeRequests) continue;
      if (host.activeRequests < best.activeRequests) equals = 0;
      equals++;
      if (this.#random.uint32() % equals === 0) best = host;
    }
    return best;
  }

  #slowStartFactor(host: H): number {
    return this.#slowStart === null ? 1 : this.#slowStart.factorOf(host);
  }

  #effectiveWeight(host: H): number {
    const weight = host.weight * this.#slowStartFactor(host);
    const bias = this.#settings.activeRequestBias;
    if (bias === 0) return weight;
    const busy = host.activeRequests + 1;
    return weight / (bias === 1 ? busy : busy ** bias);
  }
}
