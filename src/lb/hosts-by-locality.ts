import type { LbHost, Locality } from "./lb-host.ts";
import { localityKey } from "./locality-key.ts";
import { CONFIGURED_LOCALITY_WEIGHTS, type LocalityWeights } from "./locality-weights.ts";

/** The hosts of one locality. */
export interface LocalityHosts<H extends LbHost> {
  readonly locality: Locality;
  /** Of the locality among those of its priority. */
  readonly weight: number;
  readonly hosts: readonly H[];
}

/** Sorts hosts by locality; the localities come in the order of region, zone and sub-zone. `weights` says what they weigh. */
export function hostsByLocality<H extends LbHost>(
  hosts: readonly H[],
  weights: LocalityWeights = CONFIGURED_LOCALITY_WEIGHTS,
): LocalityHosts<H>[] {
  const found = new Map<string, { locality: Locality; weight: number; hosts: H[] }>();
  for (const host of hosts) {
    const key = localityKey(host.locality);
    const group = found.get(key);
    if (group === undefined) found.set(key, { locality: host.locality, weight: weights.weightOf(host), hosts: [host] });
    else group.hosts.push(host);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
