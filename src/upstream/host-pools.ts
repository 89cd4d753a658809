import type { ResourcePriority } from "./circuit-breaker.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { Host } from "./host.ts";
import { Http1ConnPool, type PoolOwner } from "./http1-conn-pool.ts";
import { Http2ConnPool } from "./http2-conn-pool.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PoolUse } from "./pool-listing.ts";
import { TcpConnPool } from "./tcp-conn-pool.ts";

/** The pools of one host on one worker, made when first asked for. */
export class HostPools {
  readonly host: Host;
  readonly #owner: PoolOwner;
  readonly #environment: PoolEnvironment;
  readonly #http1: Record<ResourcePriority, Http1ConnPool | null> = { default: null, high: null };
  /** Most hosts have none. */
  #http2: Record<ResourcePriority, Http2ConnPool | null> | null = null;
  #tcp: TcpConnPool | null = null;
  /** Those of connections with wishes, by their key; they go when they are empty. */
  #apart: Map<string, HostPools> | null = null;
  #draining: boolean;

  /** `draining`: as if `drain` had been called. */
  constructor(host: Host, owner: PoolOwner, environment: PoolEnvironment, draining: boolean) {
    this.host = host;
    this.#draining = draining;
    this.#owner = owner;
    this.#environment = environment;
  }

  http1Pool(priority: ResourcePriority): Http1ConnPool {
    const pools = this.#http1;
    pools[priority] ??= new Http1ConnPool(this.host, priority, this.#owner, this.#environment, this.#draining);
    return pools[priority];
  }

  http2Pool(priority: ResourcePriority): Http2ConnPool {
    this.#http2 ??= { default: null, high: null };
    const pools = this.#http2;
    pools[priority] ??= new Http2ConnPool(this.host, priority, this.#owner, this.#environment, this.#draining);
    return pools[priority];
  }

  /** Nothing has TCP connections of high priority. */
  tcpPool(): TcpConnPool {
    this.#tcp ??= new TcpConnPool(this.host, "default", this.#owner, this.#environment, this.#draining);
    return this.#tcp;
  }

  /** The HTTP pools of connections with these wishes, for one use: they are gone as soon as they are empty. */
  apart(wishes: ConnectionWishes): HostPools {
    this.#apart ??= new Map();
    let pools = this.#apart.get(wishes.key);
    if (pools === undefined) {
      pools = new HostPools(this.host, this.#ownerApart(wishes), this.#environment, this.#draining);
      this.#apart.set(wishes.key, pools);
    }
    return pools;
  }

  get connectionCount(): number {
    let count = this.#tcp?.connectionCount ?? 0;
    for (const pools of this.#apart?.values() ?? []) count += pools.connectionCount;
    for (const pool of this.#httpPools()) count += pool.connectionCount;
    return count;
  }

  /** For people who ask: each of its pools. */
  describe(): PoolUse[] {
    const uses = this.#httpPools().map((pool) => pool.describe());
    if (this.#tcp !== null) uses.push(this.#tcp.describe());
    for (const pools of this.#apart?.values() ?? []) uses.push(...pools.describe());
    return uses;
  }

  /** Whether nothing is open and nobody waits. */
  get isEmpty(): boolean {
    if (this.connectionCount > 0 || this.#httpPools().some((pool) => pool.pendingCount > 0)) return false;
    return [...(this.#apart?.values() ?? [])].every((pools) => pools.isEmpty);
  }

  /** See `Http1ConnPool.drain`. */
  drain(): void {
    this.#draining = true;
    for (const pool of this.#httpPools()) pool.drain();
    for (const pools of [...(this.#apart?.values() ?? [])]) pools.drain();
    this.#tcp?.drain();
  }

  /** Closes TCP connections now, those in use as well. */
  closeTcp(): void {
    this.#tcp?.close();
  }

  /** See `Http1ConnPool.close`. */
  close(): void {
    this.#draining = true;
    for (const pool of this.#httpPools()) pool.close();
    for (const pools of [...(this.#apart?.values() ?? [])]) pools.close();
    this.#tcp?.close();
  }

  #ownerApart(wishes: ConnectionWishes): PoolOwner {
    const owner = this.#owner;
    const apart = this.#apart!;
    return {
      get info() {
        return owner.info;
      },
      wishes,
      dropsEmptyPools: true,
      onPoolDrained: (host) => {
        if (apart.get(wishes.key)?.isEmpty === true) apart.delete(wishes.key);
        if (this.#draining) owner.onPoolDrained(host);
      },
    };
  }

  #httpPools(): (Http1ConnPool | Http2ConnPool)[] {
    const pools: (Http1ConnPool | Http2ConnPool)[] = [];
    for (const { default: ordinary, high } of this.#http2 === null ? [this.#http1] : [this.#http1, this.#http2]) {
      if (ordinary !== null) pools.push(ordinary);
      if (high !== null) pools.push(high);
    }
    return pools;
  }
}
