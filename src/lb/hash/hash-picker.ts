import type { Uint64 } from "../../base/uint64.ts";
import { wireText } from "../../match/wire-text.ts";
import type { LbHost } from "../lb-host.ts";
import type { WeightedHosts } from "../weighted-hosts.ts";

/** Picks a host by a hash: the same hosts and the same hash give the same host, on every worker. */
export interface HashPicker<H extends LbHost> {
  /** Null if there is no host. `attempt` above 0 asks for another host than the attempts before. Leaves `hash` as it is. */
  pick(hash: Uint64, attempt: number): H | null;
}

/**
 * Makes the table of a hashing policy. The hosts are not changed afterwards; weights are read now. `before` is the table that it replaces, null if there
 * is none: for those that are built elsewhere and not there at once.
 */
export type HashPickerFactory<H extends LbHost> = (
  hosts: WeightedHosts<H>,
  before: HashPicker<H> | null,
) => HashPicker<H>;

/**
 * What a host is called when it is hashed: its metadata's `envoy.lb: {hash_key}`, else its host name or its address. One character
 * per byte. Source: Envoy's `ThreadAwareLoadBalancerBase::hashKey`.
 */
export function hostHashKey(host: LbHost, useHostname: boolean): string {
  const key = host.metadata.get("envoy.lb")?.hash_key;
  if (typeof key === "string" && key !== "") return wireText(key);
  return wireText(useHostname ? host.hostname : host.addressText);
}
