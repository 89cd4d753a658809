import { formatAddress } from "../net/address.ts";
import { type EndpointData, metadataMap } from "./cluster-data.ts";
import { Host } from "./host.ts";

/**
 * The hosts of one cluster on one worker. A host lives as long as its address is configured; all else about it changes in place. Of
 * several endpoints with one address the first counts.
 */
export class HostRegistry {
  #byAddress = new Map<string, Host>();
  #hosts: readonly Host[] = [];

  constructor(endpoints: readonly EndpointData[]) {
    this.update(endpoints);
  }

  /** In the order of the configuration. A new array after each update. */
  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  /** Whether the host still belongs to the cluster. */
  has(host: Host): boolean {
    return this.#byAddress.get(host.addressText) === host;
  }

  /** Takes `endpoints` as what there is now; answers the hosts that are gone. */
  update(endpoints: readonly EndpointData[]): Host[] {
    const before = this.#byAddress;
    const after = new Map<string, Host>();
    for (const endpoint of endpoints) {
      const key = formatAddress(endpoint.address);
      if (after.has(key)) continue;
      const settings = { ...endpoint, metadata: metadataMap(endpoint.metadata) };
      const known = before.get(key);
      if (known === undefined) {
        after.set(key, new Host(endpoint.address, settings));
      } else {
        known.update(settings);
        after.set(key, known);
      }
    }
    this.#byAddress = after;
    this.#hosts = [...after.values()];
    return [...before.values()].filter((host) => !this.has(host));
  }

  /** The present hosts that `update(endpoints)` would keep. */
  keptBy(endpoints: readonly EndpointData[]): ReadonlySet<Host> {
    const kept = new Set<Host>();
    for (const endpoint of endpoints) {
      const host = this.#byAddress.get(formatAddress(endpoint.address));
      if (host !== undefined) kept.add(host);
    }
    return kept;
  }
}
