import type { LbHost } from "../lb-host.ts";
import type { WeightedHosts } from "../weighted-hosts.ts";
import { hostHashKey } from "./hash-picker.ts";
import type { TablePolicy } from "./table-policy.ts";

/** All that a table is made from. The same recipe gives the same table, on every thread. Plain data. */
export interface TableRecipe extends Pick<WeightedHosts<LbHost>, "shares" | "minShare" | "maxShare"> {
  readonly policy: TablePolicy;
  /** What the hosts are called when they are hashed, in the order of these names: hosts come in different orders to workers of different age. */
  readonly keys: readonly string[];
}

/** Hosts in the order of a recipe's keys, and the recipe. */
export interface TableOrder<H extends LbHost> {
  readonly hosts: readonly H[];
  readonly recipe: TableRecipe;
}

/** What to build for these hosts. */
export function orderTable<H extends LbHost>(weighted: WeightedHosts<H>, policy: TablePolicy): TableOrder<H> {
  const { minShare, maxShare } = weighted;
  const { useHostname } = policy.type === "maglev" ? policy.table : policy.ring;
  const keys = weighted.hosts.map((host) => hostHashKey(host, useHostname));
  const order = [...keys.keys()].sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a] === keys[b] ? a - b : 1));
  return {
    hosts: order.map((at) => weighted.hosts[at]!),
    recipe: {
      policy,
      keys: order.map((at) => keys[at]!),
      shares: Float64Array.from(order, (at) => weighted.shares[at]!),
      minShare,
      maxShare,
    },
  };
}

/** Whether both give the same table. */
export function sameRecipe(one: TableRecipe, other: TableRecipe): boolean {
  return (
    one.policy === other.policy &&
    one.keys.length === other.keys.length &&
    one.keys.every((key, at) => key === other.keys[at] && one.shares[at] === other.shares[at])
  );
}
