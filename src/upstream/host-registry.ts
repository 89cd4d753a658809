import { formatAddress } from "../net/address.ts";
import { type EndpointData, metadataMap } from "./cluster-data.ts";
import { Host } from "./host.ts";
import type { MemberData } from "./membership/membership-delta.ts";
import { OutlierCells } from "./outlier/outlier-cells.ts";

/**
 * The hosts of one cluster on one worker. A host lives as long as its address belongs to the cluster; all else about it changes in place.
 * Of several endpoints with one address the first counts.
 */
export class HostRegistry {
  #byAddress = new Map<string, Host>();
  /** Null after a change, until somebody asks. */
  #version = 0;
  #hosts: readonly Host[] | null = [];

  constructor(members: Iterable<MemberData>) {
    this.replace(members);
  }

  /** Grows whenever hosts come or go, not when they change. */
  get version(): number {
    return this.#version;
  }

  /** In the order in which they were told. A new array after each change. */
  get hosts(): readonly Host[] {
    this.#hosts ??= [...this.#byAddress.values()];
    return this.#hosts;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Adds a host with an address that is not here yet. Costs the same however many there are. */
  add(member: MemberData): Host {
    const host = updated(undefined, member);
    this.#byAddress.set(host.addressText, host);
    this.#hosts = null;
    return host;
  }

  /** Whether the host still belongs to the cluster. */
  has(host: Host): boolean {
    return this.#byAddress.get(host.addressText) === host;
  }

  /** The host with this address, as `formatAddress` writes it. */
  find(address: string): Host | undefined {
    return this.#byAddress.get(address);
  }

  /** Takes `members` as what there is now; answers the hosts that are gone. */
  replace(members: Iterable<MemberData>): Host[] {
    const before = this.#byAddress;
    const after = new Map<string, Host>();
    for (const member of members) {
      const key = formatAddress(member.endpoint.address);
      if (!after.has(key)) after.set(key, updated(before.get(key), member));
    }
    this.#byAddress = after;
    this.#hosts = null;
    const gone = [...before.values()].filter((host) => !this.has(host));
    if (gone.length > 0 || after.size > before.size) this.#version++;
    return gone;
  }

  /** Adds or changes some hosts and takes others away, by address; answers those that are gone. */
  change(upserts: Iterable<MemberData>, removed: Iterable<string>): Host[] {
    const gone: Host[] = [];
    const before = this.#byAddress.size;
    for (const key of removed) {
      const host = this.#byAddress.get(key);
      if (host === undefined) continue;
      this.#byAddress.delete(key);
      gone.push(host);
    }
    for (const member of upserts) {
      const key = formatAddress(member.endpoint.address);
      this.#byAddress.set(key, updated(this.#byAddress.get(key), member));
    }
    this.#hosts = null;
    if (gone.length > 0 || this.#byAddress.size > before) this.#version++;
    return gone;
  }

  /** The present hosts that have one of these addresses. */
  keptBy(endpoints: readonly EndpointData[]): ReadonlySet<Host> {
    const kept = new Set<Host>();
    for (const endpoint of endpoints) {
      const host = this.#byAddress.get(formatAddress(endpoint.address));
      if (host !== undefined) kept.add(host);
    }
    return kept;
  }
}

/** The known host brought up to date, or a new one. */
function updated(known: Host | undefined, { endpoint, healthFlags, outlier, connectionSlot = -1 }: MemberData): Host {
  const settings = { ...endpoint, healthFlags, metadata: metadataMap(endpoint.metadata) };
  const host = known ?? new Host(endpoint.address, settings);
  if (known !== undefined) known.update(settings);
  host.outlierCells = outlier === undefined ? null : new OutlierCells(outlier);
  host.connectionSlot = connectionSlot;
  return host;
}
