import type { RandomSource } from "../base/random.ts";
import type { LbHost } from "./lb-host.ts";
import type { HostPicker } from "./load-balancer.ts";

/** `RANDOM`: each host with the same chance. Weights do not count, as in Envoy. */
export class RandomPick<H extends LbHost> implements HostPicker<H> {
  readonly #hosts: readonly H[];
  readonly #random: RandomSource;
  /** What was peeked at. */
  readonly #drawn: number[] = [];

  constructor(hosts: readonly H[], random: RandomSource) {
    this.#hosts = hosts;
    this.#random = random;
  }

  pick(): H | null {
    const hosts = this.#hosts;
    if (hosts.length === 0) return null;
    return hosts[(this.#drawn.length > 0 ? this.#drawn.shift()! : this.#random.uint32()) % hosts.length]!;
  }

  peek(): H | null {
    const hosts = this.#hosts;
    if (hosts.length === 0) return null;
    const draw = this.#random.uint32();
    this.#drawn.push(draw);
    return hosts[draw % hosts.length]!;
  }
}
