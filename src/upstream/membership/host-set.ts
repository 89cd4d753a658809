import { isDeepStrictEqual } from "node:util";
import { formatAddress } from "../../net/address.ts";
import type { AssignmentPolicyData, EndpointData } from "../cluster-data.ts";
import type { MemberData, MembershipDelta } from "./membership-delta.ts";

/** Changes remembered beyond one per host: a worker that missed more than that gets the whole set. */
const SPARE_LOG_ENTRIES = 1024;

/** What of a host is counted in memory that threads share. */
export type HostGrants = Pick<MemberData, "outlier" | "connectionSlot">;

/**
 * The hosts of one cluster, with their health, as the main side knows them, and how they came about: workers are told only what changed
 * since the version they have. A host is known by its address; all else about it changes in place. Of several endpoints with one
 * address the first counts. Main thread.
 */
export class HostSet {
  readonly cluster: string;
  /** Where workers are to count what they count of a host; asked when they are told of it. Null = they count nothing. */
  grantsOf: (address: string) => HostGrants | null = () => null;
  #version: number;
  readonly #members = new Map<string, MemberData>();
  /** What changed, in order; `#logStart` is the version before the first entry. */
  #log: { readonly version: number; readonly address: string; readonly removed: boolean }[] = [];
  #logStart: number;
  #policy: AssignmentPolicyData | null = null;
  /** The version in which the policy last changed. */
  #policyVersion = 0;

  /** `version` must be above all that workers may still have of a cluster of this name. */
  constructor(cluster: string, version: number) {
    this.cluster = cluster;
    this.#version = version;
    this.#logStart = version;
  }

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  /** The settings that came with the hosts; null = the defaults. */
  get policy(): AssignmentPolicyData | null {
    return this.#policy;
  }

  /** In the order in which they came, by address. */
  get members(): ReadonlyMap<string, MemberData> {
    return this.#members;
  }

  /**
   * Takes `endpoints` as what there is now, and the settings that came with them (null = the defaults); health flags of hosts that stay,
   * stay. Answers whether anything changed.
   */
  replace(endpoints: readonly EndpointData[], policy: AssignmentPolicyData | null = null): boolean {
    const before = this.#version;
    const wanted = new Map<string, EndpointData>();
    for (const endpoint of endpoints) {
      const address = formatAddress(endpoint.address);
      if (!wanted.has(address)) wanted.set(address, endpoint);
    }
    const version = before + 1;
    for (const address of [...this.#members.keys()]) {
      if (wanted.has(address)) continue;
      this.#members.delete(address);
      this.#note(version, address, true);
    }
    for (const [address, endpoint] of wanted) {
      const known = this.#members.get(address);
      if (known !== undefined && isDeepStrictEqual(known.endpoint, endpoint)) continue;
      this.#members.set(address, { endpoint, healthFlags: known?.healthFlags ?? 0 });
      this.#note(version, address, false);
    }
    if (!isDeepStrictEqual(policy, this.#policy)) {
      this.#policy = policy;
      this.#policyVersion = version;
      this.#version = version;
    }
    return this.#version !== before;
  }

  /** Sets or clears bits of `HealthFlag`; false if that changes nothing or there is no such host. */
  setHealthFlags(address: string, flags: number, on: boolean): boolean {
    const member = this.#members.get(address);
    if (member === undefined) return false;
    const healthFlags = on ? member.healthFlags | flags : member.healthFlags & ~flags;
    if (healthFlags === member.healthFlags) return false;
    this.#members.set(address, { endpoint: member.endpoint, healthFlags });
    this.#note(this.#version + 1, address, false);
    return true;
  }

  /** What leads from `version` to the present; null if nothing changed since. A version it doesn't know gets everything. */
  since(version: number): MembershipDelta | null {
    if (version === this.#version) return null;
    const { cluster } = this;
    const to = this.#version;
    if (version < this.#logStart || version > to) {
      const all = { cluster, from: 0, to, upserts: this.#membersAt(this.#members.keys()), removed: [] };
      return this.#policy === null ? all : { ...all, policy: this.#policy };
    }
    // A host that went and came back stands behind the others: it is in both lists, so that all have the same order.
    const changed = new Set<string>();
    const removed = new Set<string>();
    for (let at = this.#firstAfter(version); at < this.#log.length; at++) {
      const entry = this.#log[at]!;
      if (!entry.removed) {
        changed.add(entry.address);
        continue;
      }
      changed.delete(entry.address);
      removed.add(entry.address);
    }
    const upserts = this.#membersAt(changed);
    const delta = { cluster, from: version, to, upserts, removed: [...removed] };
    return this.#policyVersion > version ? { ...delta, policy: this.#policy } : delta;
  }

  /** Tells workers of all hosts anew. */
  renew(): void {
    const version = this.#version + 1;
    for (const address of this.#members.keys()) this.#note(version, address, false);
  }

  #membersAt(addresses: Iterable<string>): MemberData[] {
    return [...addresses].map((address) => {
      const member = this.#members.get(address)!;
      const grants = this.grantsOf(address);
      return grants === null ? member : { ...member, ...grants };
    });
  }

  #note(version: number, address: string, removed: boolean): void {
    this.#version = version;
    this.#log.push({ version, address, removed });
    if (this.#log.length <= 2 * (this.#members.size + SPARE_LOG_ENTRIES)) return;
    this.#logStart = this.#log[this.#log.length >> 1]!.version;
    this.#log = this.#log.slice(this.#firstAfter(this.#logStart));
  }

  /** Where in the log the changes after `version` begin. */
  #firstAfter(version: number): number {
    let [low, high] = [0, this.#log.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#log[middle]!.version <= version) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
