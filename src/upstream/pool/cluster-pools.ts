import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import { HostPools } from "./host-pools.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import { type PoolRow, poolRow } from "./pool-listing.ts";
import type { HostPoolsOwner } from "./pool-owner.ts";
import { ClusterConnectivity } from "./preconnect.ts";

/** The cluster, as its pools see it. */
export interface ClusterPoolsOwner {
  /** Whether the host is one of the cluster's now; pools of others wind up from the beginning. */
  isMember(host: Host): boolean;
  /** A pool has drained; perhaps it was the last one. */
  onPoolDrained(): void;
}

/** The connection pools of one cluster on one worker, by host. A host has some from its first use until they are empty. */
export class ClusterPools implements HostPoolsOwner {
  /** Whose settings the pools follow. Replaced when the cluster changes. */
  info: ClusterInfo;
  readonly connectivity = new ClusterConnectivity();
  readonly #environment: PoolEnvironment;
  readonly #owner: ClusterPoolsOwner;
  readonly #pools = new Map<Host, HostPools>();
  /** Pools of hosts that failed their checks: they wind up, and the host has new ones when it is used again. */
  readonly #leaving = new Set<HostPools>();
  #draining = false;

  constructor(info: ClusterInfo, environment: PoolEnvironment, owner: ClusterPoolsOwner) {
    this.info = info;
    this.#environment = environment;
    this.#owner = owner;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  get isEmpty(): boolean {
    return this.#pools.size + this.#leaving.size === 0;
  }

  get connectionCount(): number {
    let count = 0;
    for (const pools of this.#all()) count += pools.connectionCount;
    return count;
  }

  /** The pools of a host, made if it has none. */
  of(host: Host): HostPools {
    let pools = this.#pools.get(host);
    if (pools === undefined) {
      pools = new HostPools(host, this, this.#environment, this.#draining || !this.#owner.isMember(host));
      this.#pools.set(host, pools);
    }
    return pools;
  }

  /** Whether a host has connections, or requests that wait for one. */
  isInUse(host: Host): boolean {
    return this.#pools.get(host)?.isEmpty === false;
  }

  /** How many connections there are to hosts that are not in `kept`; those that wind up don't count. */
  countOthers(kept: ReadonlySet<Host>): number {
    let count = 0;
    for (const [host, pools] of this.#pools) if (!kept.has(host)) count += pools.connectionCount;
    return count;
  }

  /** Winds up what these hosts have. */
  drainHosts(hosts: readonly Host[]): void {
    for (const host of hosts) this.#pools.get(host)?.drain();
  }

  /** Winds up what this host has, and opens new connections if it is used again. `cutTcp`: TCP connections are closed now. */
  replace(host: Host, cutTcp: boolean): void {
    const pools = this.#pools.get(host);
    if (pools === undefined) return;
    this.#pools.delete(host);
    this.#leaving.add(pools);
    if (cutTcp) pools.closeTcp();
    pools.drain();
    if (pools.isEmpty) this.#leaving.delete(pools);
  }

  /** Winds up everything; the pools can still be used. */
  drain(): void {
    this.#draining = true;
    for (const pools of [...this.#pools.values()]) pools.drain();
  }

  /** Closes everything now and resets what runs. */
  close(): void {
    this.#draining = true;
    for (const pools of this.#all()) pools.close();
  }

  onPoolDrained(host: Host): void {
    if (this.#pools.get(host)?.isEmpty === true) this.#pools.delete(host);
    for (const pools of this.#leaving) if (pools.isEmpty) this.#leaving.delete(pools);
    this.#owner.onPoolDrained();
  }

  /** Each pool, those that wind up among them. For people who ask. */
  *describe(): Generator<PoolRow> {
    for (const pools of this.#all()) for (const use of pools.describe()) yield poolRow(this.info.name, pools.host, use);
  }

  #all(): HostPools[] {
    return [...this.#pools.values(), ...this.#leaving];
  }
}
