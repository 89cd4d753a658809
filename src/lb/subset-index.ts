import type { LbHost } from "./lb-host.ts";
import { metadataKey, metadataValueKey } from "./metadata-value.ts";
import type { SubsetSelector, SubsetSettings } from "./subset-settings.ts";

/** The hosts of one subset. */
export interface SubsetHosts<H extends LbHost> {
  readonly hosts: H[];
  /** Only the first one counts. */
  readonly singleHost: boolean;
}

/** Hosts sorted into subsets, by `metadataKey` of what they have in common. */
export interface SubsetIndex<H extends LbHost> {
  readonly subsets: ReadonlyMap<string, SubsetHosts<H>>;
  /** How many hosts have values that belong to another host alone. */
  readonly duplicates: number;
}

type Entries = readonly (readonly [key: string, value: unknown])[];

/** Sorts hosts into the subsets of all selectors. */
export function subsetIndex<H extends LbHost>(hosts: readonly H[], settings: SubsetSettings): SubsetIndex<H> {
  const subsets = new Map<string, SubsetHosts<H>>();
  let duplicates = 0;
  for (const host of hosts) {
    for (const selector of settings.selectors) {
      for (const entries of entriesOf(host, selector, settings.listAsAny)) {
        const key = metadataKey(entries);
        const subset = subsets.get(key);
        if (subset === undefined) subsets.set(key, { hosts: [host], singleHost: selector.singleHost });
        else if (subset.singleHost) duplicates++;
        else if (subset.hosts.at(-1) !== host) subset.hosts.push(host);
      }
    }
  }
  return { subsets, duplicates };
}

/** Whether a host carries all of this metadata. */
export function carries(host: LbHost, wanted: Readonly<Record<string, unknown>>, listAsAny: boolean): boolean {
  const metadata = host.metadata.get("envoy.lb");
  return Object.entries(wanted).every(([key, value]) => {
    if (metadata === undefined || !Object.hasOwn(metadata, key)) return false;
    const own = metadata[key];
    const wantedKey = metadataValueKey(value);
    if (listAsAny && Array.isArray(own)) return own.some((each) => metadataValueKey(each) === wantedKey);
    return metadataValueKey(own) === wantedKey;
  });
}

/** The subsets of one selector that a host is in: none if it lacks a key, several if a list stands for each of its values. */
function entriesOf(host: LbHost, { keys }: SubsetSelector, listAsAny: boolean): Entries[] {
  const metadata = host.metadata.get("envoy.lb");
  let all: Entries[] = [[]];
  for (const key of keys) {
    if (metadata === undefined || !Object.hasOwn(metadata, key)) return [];
    const value = metadata[key];
    const values: readonly unknown[] = listAsAny && Array.isArray(value) ? value : [value];
    all = all.flatMap((entries) => values.map((each): Entries => [...entries, [key, each]]));
  }
  return all;
}
