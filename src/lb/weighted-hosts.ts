import { hostsByLocality } from "./hosts-by-locality.ts";
import type { LbHost } from "./lb-host.ts";
import type { LocalityWeights } from "./locality-weights.ts";

/** Hosts and the share of the traffic that each is to get; the shares add up to 1. */
export interface WeightedHosts<H extends LbHost> {
  readonly hosts: readonly H[];
  /** By host. */
  readonly shares: Float64Array;
  /** The smallest share, 1 if there is no host. */
  readonly minShare: number;
  /** The largest share, 0 if there is no host. */
  readonly maxShare: number;
}

/**
 * The shares that weights are worth: of the hosts alone, or, with `localityWeights`, those of the localities first and of the hosts within
 * each. Localities of weight 0 are left out, even if that leaves nothing. Source: Envoy's `normalizeWeights` for hashing load balancers.
 */
export function weightedHosts<H extends LbHost>(
  hosts: readonly H[],
  localityWeights: LocalityWeights | null,
): WeightedHosts<H> {
  if (localityWeights === null) return measure(hosts, sharesWithin(hosts, 1));
  const used = hostsByLocality(hosts, localityWeights).filter((locality) => locality.weight > 0);
  const total = used.reduce((sum, locality) => sum + locality.weight, 0);
  return measure(
    used.flatMap((locality) => locality.hosts),
    used.flatMap((locality) => sharesWithin(locality.hosts, locality.weight / total)),
  );
}

function sharesWithin(hosts: readonly LbHost[], share: number): number[] {
  let sum = 0;
  for (const host of hosts) sum += host.weight;
  return hosts.map((host) => (host.weight * share) / sum);
}

function measure<H extends LbHost>(hosts: readonly H[], shares: readonly number[]): WeightedHosts<H> {
  let minShare = 1;
  let maxShare = 0;
  for (const share of shares) {
    minShare = Math.min(minShare, share);
    maxShare = Math.max(maxShare, share);
  }
  return { hosts, shares: Float64Array.from(shares), minShare, maxShare };
}
