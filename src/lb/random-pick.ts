import type { RandomSource } from "../base/random.ts";
import type { LbHost } from "./lb-host.ts";
import type { HostPicker } from "./load-balancer.ts";

/** `RANDOM`: each host with the same chance. Weights do not count, as in Envoy. */
export class RandomPick<H extends LbHost> implements HostPicker<H> {
  readonly #hosts: readonly H[];
  readonly #random: RandomSource;

  constructor(hosts: readonly H[], random: RandomSource) {
    this.#hosts = hosts;
    this.#random = random;
  }

  pick(): H | null {
    const hosts = this.#hosts;
    return hosts.length === 0 ? null : hosts[this.#random.uint32() % hosts.length]!;
  }
}
