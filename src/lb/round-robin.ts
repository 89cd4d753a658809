import type { RandomSource } from "../base/random.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import type { LbHost } from "./lb-host.ts";
import type { HostPicker } from "./load-balancer.ts";
import type { SlowStart } from "./slow-start.ts";

/**
 * `ROUND_ROBIN`: one after the other if all weights are equal and no host is in its slow start, else earliest deadline first by
 * weight. Starts at a random place, so that the workers and a fleet of proxies do not all begin with the same host.
 */
export class RoundRobin<H extends LbHost> implements HostPicker<H> {
  readonly #hosts: readonly H[];
  /** By host; empty if all are equal. */
  readonly #weights: readonly number[];
  readonly #scheduler: EdfScheduler | null;
  readonly #slowStart: SlowStart<H> | null;
  #next = 0;
  /** Picks that were peeked at, in a plain round. */
  #peeked = 0;
  /** Entries that were peeked at, with weights. */
  readonly #drawn: number[] = [];

  constructor(hosts: readonly H[], random: RandomSource, slowStart: SlowStart<H> | null = null) {
    this.#hosts = hosts;
    this.#slowStart = slowStart;
    const start = hosts.length === 0 ? 0 : random.uint32() % hosts.length;
    const isWarming = slowStart?.isWarming === true && hosts.length > 1;
    if (!isWarming && !hosts.some((host) => host.weight !== hosts[0]!.weight)) {
      this.#weights = [];
      this.#scheduler = null;
      this.#next = start;
      return;
    }
    this.#weights = hosts.map((host) => host.weight);
    this.#scheduler = new EdfScheduler(this.#weights.map((_, entry) => this.#weightNow(entry)));
    for (let skipped = 0; skipped < start; skipped++) this.pick();
  }

  pick(): H | null {
    const scheduler = this.#scheduler;
    if (scheduler === null) {
      const hosts = this.#hosts;
      if (hosts.length === 0) return null;
      const at = this.#next;
      this.#next = at + 1 === hosts.length ? 0 : at + 1;
      if (this.#peeked > 0) this.#peeked--;
      return hosts[at]!;
    }
    if (this.#drawn.length > 0) return this.#hosts[this.#drawn.shift()!]!;
    return this.#hosts[this.#draw(scheduler)]!;
  }

  peek(): H | null {
    const hosts = this.#hosts;
    if (hosts.length === 0) return null;
    if (this.#scheduler === null) return hosts[(this.#next + this.#peeked++) % hosts.length]!;
    const entry = this.#draw(this.#scheduler);
    this.#drawn.push(entry);
    return hosts[entry]!;
  }

  #draw(scheduler: EdfScheduler): number {
    const entry = scheduler.peek();
    scheduler.putBack(this.#weightNow(entry));
    return entry;
  }

  #weightNow(entry: number): number {
    const weight = this.#weights[entry]!;
    return this.#slowStart === null ? weight : weight * this.#slowStart.factorOf(this.#hosts[entry]!);
  }
}
