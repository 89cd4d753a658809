import type { Clock } from "../base/clock.ts";
import type { LbHost } from "./lb-host.ts";

/** Settings of `slow_start_config`. Plain data. */
export interface SlowStartSettings {
  readonly windowMs: number;
  /** Above 1 the weight grows fast at first, below 1 fast at last. Default 1: evenly. */
  readonly aggression: number;
  /** The least part of its weight that a host has. Default 10. */
  readonly minWeightPercent: number;
}

/**
 * Lets the weight of a host grow for some time after it joined or got healthy again. One for all pickers of a cluster.
 * Source: Envoy's `EdfLoadBalancerBase::applySlowStartFactor`.
 */
export class SlowStart<H extends LbHost> {
  readonly #settings: SlowStartSettings;
  readonly #clock: Clock;
  #healthySinceMs = new Map<H, number>();
  #lastStartMs = Number.NEGATIVE_INFINITY;

  constructor(settings: SlowStartSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Takes note of the hosts there are; to be called before pickers are made of them. */
  update(hosts: readonly H[]): void {
    const nowMs = this.#clock.nowMs();
    const before = this.#healthySinceMs;
    const after = new Map<H, number>();
    for (const host of hosts) {
      if (host.health !== "healthy") continue;
      const sinceMs = before.get(host) ?? nowMs;
      after.set(host, sinceMs);
      if (sinceMs > this.#lastStartMs) this.#lastStartMs = sinceMs;
    }
    this.#healthySinceMs = after;
  }

  /** Whether some host may still be starting. Afterwards weights are what they are. */
  get isWarming(): boolean {
    return this.#clock.nowMs() - this.#lastStartMs <= this.#settings.windowMs;
  }

  /** What the weight of a host is to be multiplied with: above 0, at most 1. */
  factorOf(host: H): number {
    const sinceMs = this.#healthySinceMs.get(host);
    if (sinceMs === undefined) return 1;
    const { windowMs, aggression, minWeightPercent } = this.#settings;
    const ageMs = this.#clock.nowMs() - sinceMs;
    if (ageMs >= windowMs) return 1;
    const grown = Math.max(1, ageMs) / windowMs;
    return Math.max(aggression === 1 ? grown : grown ** (1 / aggression), minWeightPercent / 100);
  }
}
