import type { ResourcePriority } from "../circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import { AutoConnPool } from "./auto-conn-pool.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { HttpConnPool } from "./http-conn-pool.ts";
import { Http1ConnPool } from "./http1-conn-pool.ts";
import { Http2ConnPool } from "./http2-conn-pool.ts";
import { OverflowingPool } from "./overflowing-pool.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { HostPoolsOwner, PoolOwner } from "./pool-owner.ts";
import type { ClusterConnectivity } from "./preconnect.ts";
import { TcpConnPool } from "./tcp-conn-pool.ts";

const PRIORITIES: readonly ResourcePriority[] = ["default", "high"];

type HttpPool = Http1ConnPool | Http2ConnPool | AutoConnPool;
type PoolByPriority<P> = Record<ResourcePriority, P | null>;

/**
 * The pools of one host on one worker. An HTTP pool is made when it is asked for, counts for `max_connection_pools` of the process, and
 * is gone when it is empty.
 */
export class HostPools implements PoolOwner {
  readonly host: Host;
  readonly wishes: ConnectionWishes | null;
  readonly #owner: HostPoolsOwner;
  readonly #environment: PoolEnvironment;
  readonly #http1: PoolByPriority<Http1ConnPool> = { default: null, high: null };
  /** Most hosts have none. */
  #http2: PoolByPriority<Http2ConnPool> | null = null;
  #auto: PoolByPriority<AutoConnPool> | null = null;
  readonly #tcp: PoolByPriority<TcpConnPool> = { default: null, high: null };
  /** Those of connections with wishes, by their key; they go when they are empty. */
  #apart: Map<string, HostPools> | null = null;
  /** Those of connections without wishes. */
  readonly #root: HostPools;
  #draining: boolean;
  /** A pool is about to be made. */
  #opening = false;

  /** `draining`: as if `drain` had been called. `root`, `wishes`: for those of connections with wishes. */
  constructor(
    host: Host,
    owner: HostPoolsOwner,
    environment: PoolEnvironment,
    draining: boolean,
    root: HostPools | null = null,
    wishes: ConnectionWishes | null = null,
  ) {
    this.host = host;
    this.wishes = wishes;
    this.#draining = draining;
    this.#owner = owner;
    this.#environment = environment;
    this.#root = root ?? this;
  }

  get info(): ClusterInfo {
    return this.#owner.info;
  }

  get connectivity(): ClusterConnectivity {
    return this.#owner.connectivity;
  }

  /** For one use: an unused pool stays for ever. One that refuses all, if there are as many pools as there may be. */
  http1Pool(priority: ResourcePriority): HttpConnPool {
    const pools = this.#http1;
    if (pools[priority] === null) {
      if (!this.#acquirePool(priority)) return new OverflowingPool(this.host);
      pools[priority] = new Http1ConnPool(this.host, priority, this, this.#environment, this.#draining);
    }
    return pools[priority];
  }

  /** As `http1Pool`. */
  http2Pool(priority: ResourcePriority): HttpConnPool {
    this.#http2 ??= { default: null, high: null };
    const pools = this.#http2;
    if (pools[priority] === null) {
      if (!this.#acquirePool(priority)) return new OverflowingPool(this.host);
      pools[priority] = new Http2ConnPool(this.host, priority, this, this.#environment, this.#draining);
    }
    return pools[priority];
  }

  /** As `http1Pool`; the host chooses the protocol. */
  autoPool(priority: ResourcePriority): HttpConnPool {
    this.#auto ??= { default: null, high: null };
    const pools = this.#auto;
    if (pools[priority] === null) {
      if (!this.#acquirePool(priority)) return new OverflowingPool(this.host);
      pools[priority] = new AutoConnPool(this.host, priority, this, this.#environment, this.#draining);
    }
    return pools[priority];
  }

  tcpPool(priority: ResourcePriority): TcpConnPool {
    const pools = this.#tcp;
    pools[priority] ??= new TcpConnPool(this.host, priority, this.#owner, this.#environment, this.#draining);
    return pools[priority];
  }

  /** The HTTP pools of connections with these wishes, for one use: they are gone as soon as they are empty. */
  apart(wishes: ConnectionWishes): HostPools {
    this.#apart ??= new Map();
    let pools = this.#apart.get(wishes.key);
    if (pools === undefined) {
      pools = new HostPools(this.host, this.#ownerApart(wishes), this.#environment, this.#draining, this, wishes);
      this.#apart.set(wishes.key, pools);
    }
    return pools;
  }

  onPoolDrained(host: Host): void {
    forgetEmpty(this.#http1, this.info);
    if (this.#http2 !== null) forgetEmpty(this.#http2, this.info);
    if (this.#auto !== null) forgetEmpty(this.#auto, this.info);
    this.#owner.onPoolDrained(host);
  }

  get connectionCount(): number {
    let count = (this.#tcp.default?.connectionCount ?? 0) + (this.#tcp.high?.connectionCount ?? 0);
    for (const pools of this.#apart?.values() ?? []) count += pools.connectionCount;
    for (const pool of this.#httpPools()) count += pool.connectionCount;
    return count;
  }

  /** For people who ask: each of its pools. */
  describe(): PoolUse[] {
    const uses = this.#httpPools().map((pool) => pool.describe());
    for (const pool of [this.#tcp.default, this.#tcp.high]) if (pool !== null) uses.push(pool.describe());
    for (const pools of this.#apart?.values() ?? []) uses.push(...pools.describe());
    return uses;
  }

  /** Whether nothing is open and nobody waits. */
  get isEmpty(): boolean {
    if (this.#opening || this.connectionCount > 0 || this.#httpPools().some((pool) => pool.pendingCount > 0))
      return false;
    return [...(this.#apart?.values() ?? [])].every((pools) => pools.isEmpty);
  }

  /** See `ConnPoolBase.drain`. */
  drain(): void {
    this.#draining = true;
    for (const pool of this.#httpPools()) pool.drain();
    for (const pools of [...(this.#apart?.values() ?? [])]) pools.drain();
    this.#tcp.default?.drain();
    this.#tcp.high?.drain();
  }

  /** Closes TCP connections now, those in use as well. */
  closeTcp(): void {
    this.#tcp.default?.close();
    this.#tcp.high?.close();
  }

  /** See `ConnPoolBase.close`. */
  close(): void {
    this.#draining = true;
    for (const pool of this.#httpPools()) pool.close();
    for (const pools of [...(this.#apart?.values() ?? [])]) pools.close();
    this.#tcp.default?.close();
    this.#tcp.high?.close();
  }

  /** Whether there may be another pool. If there are enough, one of this host that nobody uses makes room. */
  #acquirePool(priority: ResourcePriority): boolean {
    const { circuitBreakers, stats } = this.info;
    const { connectionPools } = circuitBreakers[priority];
    if (connectionPools.tryAcquire()) return true;
    // Closing the last pool must not make anybody forget these pools.
    this.#opening = true;
    this.#root.#opening = true;
    this.#root.#closeUnused(priority);
    this.#opening = false;
    this.#root.#opening = false;
    if (connectionPools.tryAcquire()) return true;
    stats.cx.poolOverflow.inc();
    this.#owner.onPoolDrained(this.host);
    return false;
  }

  /** Closes one pool that has nothing to do; answers whether there was one. */
  #closeUnused(priority: ResourcePriority): boolean {
    const unused = this.#httpPools().find((pool) => pool.priority === priority && !pool.isInUse);
    if (unused !== undefined) unused.close();
    else for (const pools of this.#apart?.values() ?? []) if (pools.#closeUnused(priority)) return true;
    return unused !== undefined;
  }

  #ownerApart(wishes: ConnectionWishes): HostPoolsOwner {
    const owner = this.#owner;
    const apart = this.#apart!;
    return {
      get info() {
        return owner.info;
      },
      connectivity: owner.connectivity,
      onPoolDrained: (host) => {
        if (apart.get(wishes.key)?.isEmpty === true) apart.delete(wishes.key);
        owner.onPoolDrained(host);
      },
    };
  }

  #httpPools(): HttpPool[] {
    const pools: HttpPool[] = [];
    for (const ofKind of [this.#http1, this.#http2, this.#auto]) {
      if (ofKind === null) continue;
      const { default: ordinary, high } = ofKind;
      if (ordinary !== null) pools.push(ordinary);
      if (high !== null) pools.push(high);
    }
    return pools;
  }
}

function forgetEmpty(pools: PoolByPriority<HttpPool>, { circuitBreakers }: ClusterInfo): void {
  for (const priority of PRIORITIES) {
    const pool = pools[priority];
    if (pool === null || pool.connectionCount > 0 || pool.pendingCount > 0) continue;
    pools[priority] = null;
    circuitBreakers[priority].connectionPools.release();
  }
}
