import type { RandomSource } from "../base/random.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import { hostsByLocality } from "./hosts-by-locality.ts";
import type { LbHost } from "./lb-host.ts";
import type { HostPicker, HostPickerFactory } from "./load-balancer.ts";
import type { LoadBalancerContext } from "./load-balancer-context.ts";
import { localityKey } from "./locality-key.ts";
import { CONFIGURED_LOCALITY_WEIGHTS, type LocalityWeights } from "./locality-weights.ts";

/**
 * `locality_weighted_lb_config`: chooses the locality by its weight, less what it lacks in usable hosts, then a host of it.
 * Source: Envoy's `LocalityWrr`.
 */
export class LocalityWeighted<H extends LbHost> implements HostPicker<H> {
  readonly #pickers: readonly HostPicker<H>[];
  readonly #weights: readonly number[];
  readonly #scheduler: EdfScheduler;
  /** Localities that were peeked at. */
  readonly #drawn: number[] = [];

  /** The arguments are by locality. Weights must be above 0; there must be at least one. */
  private constructor(pickers: readonly HostPicker<H>[], weights: readonly number[], random: RandomSource) {
    this.#pickers = pickers;
    this.#weights = weights;
    this.#scheduler = new EdfScheduler(weights);
    for (let skip = random.uint32() % weights.length; skip > 0; skip--) this.#next();
  }

  /**
   * A picker of `usable` hosts among `all` of a priority, of which excluded ones do not count; null if no locality has a weight, for then there is nothing to weigh by.
   * A locality keeps its whole weight while its usable hosts, times the overprovisioning factor, are as many as all of its hosts.
   */
  static of<H extends LbHost>(
    all: readonly H[],
    usable: readonly H[],
    overprovisioningFactorPercent: number,
    picker: HostPickerFactory<H>,
    random: RandomSource,
    localityWeights: LocalityWeights = CONFIGURED_LOCALITY_WEIGHTS,
  ): LocalityWeighted<H> | null {
    const counted = all.filter(({ excluded }) => !excluded);
    const totals = new Map(
      hostsByLocality(counted).map(({ locality, hosts }) => [localityKey(locality), hosts.length]),
    );
    const used = hostsByLocality(usable, localityWeights).filter(({ weight }) => weight > 0);
    if (used.length === 0) return null;
    const weights = used.map(({ locality, weight, hosts }) => {
      const share = hosts.length / (totals.get(localityKey(locality)) ?? hosts.length);
      return weight * Math.min(1, (overprovisioningFactorPercent / 100) * share);
    });
    return new LocalityWeighted(
      used.map(({ hosts }) => picker(hosts)),
      weights,
      random,
    );
  }

  pick(context: LoadBalancerContext): H | null {
    return this.#pickers[this.#drawn.length > 0 ? this.#drawn.shift()! : this.#next()]!.pick(context);
  }

  peek(): H | null {
    const entry = this.#next();
    this.#drawn.push(entry);
    return this.#pickers[entry]!.peek?.() ?? null;
  }

  #next(): number {
    const entry = this.#scheduler.peek();
    this.#scheduler.putBack(this.#weights[entry]!);
    return entry;
  }
}
