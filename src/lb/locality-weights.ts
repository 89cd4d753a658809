import type { LbHost } from "./lb-host.ts";
import { localityKey } from "./locality-key.ts";

/** Says what the locality of a host weighs among those of its priority. */
export interface LocalityWeights {
  /** 0 = no traffic. */
  weightOf(host: LbHost): number;
}

/** The weights as they are configured. */
export const CONFIGURED_LOCALITY_WEIGHTS: LocalityWeights = { weightOf: (host) => host.localityWeight };

/** How many hosts there are in each locality of each priority, whatever their health. */
export class LocalitySizes {
  readonly #sizes = new Map<string, number>();

  constructor(hosts: readonly LbHost[]) {
    for (const host of hosts) {
      const key = sizeKey(host);
      this.#sizes.set(key, (this.#sizes.get(key) ?? 0) + 1);
    }
  }

  /** That of the host's own. */
  of(host: LbHost): number {
    return this.#sizes.get(sizeKey(host)) ?? 0;
  }
}

/**
 * `scale_locality_weight`: within a subset a locality weighs its weight times the share of its hosts that are in the subset, as a whole number. Source:
 * Envoy's `SubsetLoadBalancer`.
 */
export class ScaledLocalityWeights implements LocalityWeights {
  #all = new LocalitySizes([]);
  #part = new LocalitySizes([]);

  /** Takes the sizes anew: of all hosts of the cluster, and of those in the subset. */
  update(all: LocalitySizes, part: LocalitySizes): void {
    this.#all = all;
    this.#part = part;
  }

  weightOf(host: LbHost): number {
    const all = this.#all.of(host);
    return all === 0 ? 0 : Math.round((host.localityWeight * this.#part.of(host)) / all);
  }
}

function sizeKey({ priority, locality }: LbHost): string {
  return `${priority}\0${localityKey(locality)}`;
}
