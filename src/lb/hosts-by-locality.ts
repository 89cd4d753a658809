import type { LbHost, Locality } from "./lb-host.ts";

/** The hosts of one locality. */
export interface LocalityHosts<H extends LbHost> {
  readonly locality: Locality;
  /** Of the locality among those of its priority. */
  readonly weight: number;
  readonly hosts: readonly H[];
}

/** Sorts hosts by locality; the localities come in the order of region, zone and sub-zone. */
export function hostsByLocality<H extends LbHost>(hosts: readonly H[]): LocalityHosts<H>[] {
  const found = new Map<string, { locality: Locality; weight: number; hosts: H[] }>();
  for (const host of hosts) {
    const key = localityKey(host.locality);
    const group = found.get(key);
    if (group === undefined) found.set(key, { locality: host.locality, weight: host.localityWeight, hosts: [host] });
    else group.hosts.push(host);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Equal for equal localities, and sorted as they are. */
export function localityKey({ region, zone, subZone }: Locality): string {
  return `${region}\0${zone}\0${subZone}`;
}
