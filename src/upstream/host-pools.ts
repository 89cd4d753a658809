import type { ResourcePriority } from "./circuit-breaker.ts";
import type { Host } from "./host.ts";
import { Http1ConnPool, type PoolOwner } from "./http1-conn-pool.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import { TcpConnPool } from "./tcp-conn-pool.ts";

/** The pools of one host on one worker, made when first asked for. */
export class HostPools {
  readonly host: Host;
  readonly #owner: PoolOwner;
  readonly #environment: PoolEnvironment;
  #default: Http1ConnPool | null = null;
  #high: Http1ConnPool | null = null;
  #tcp: TcpConnPool | null = null;
  #draining: boolean;

  /** `draining`: as if `drain` had been called. */
  constructor(host: Host, owner: PoolOwner, environment: PoolEnvironment, draining: boolean) {
    this.host = host;
    this.#draining = draining;
    this.#owner = owner;
    this.#environment = environment;
  }

  httpPool(priority: ResourcePriority): Http1ConnPool {
    if (priority === "high") {
      this.#high ??= this.#make(priority);
      return this.#high;
    }
    this.#default ??= this.#make(priority);
    return this.#default;
  }

  /** Nothing has TCP connections of high priority. */
  tcpPool(): TcpConnPool {
    this.#tcp ??= new TcpConnPool(this.host, "default", this.#owner, this.#environment, this.#draining);
    return this.#tcp;
  }

  get connectionCount(): number {
    const tcp = this.#tcp?.connectionCount ?? 0;
    return (this.#default?.connectionCount ?? 0) + (this.#high?.connectionCount ?? 0) + tcp;
  }

  /** Whether nothing is open and nobody waits. */
  get isEmpty(): boolean {
    const waiting = (this.#default?.pendingCount ?? 0) + (this.#high?.pendingCount ?? 0);
    return waiting === 0 && this.connectionCount === 0;
  }

  /** See `Http1ConnPool.drain`. */
  drain(): void {
    this.#draining = true;
    this.#default?.drain();
    this.#high?.drain();
    this.#tcp?.drain();
  }

  /** See `Http1ConnPool.close`. */
  close(): void {
    this.#draining = true;
    this.#default?.close();
    this.#high?.close();
    this.#tcp?.close();
  }

  #make(priority: ResourcePriority): Http1ConnPool {
    return new Http1ConnPool(this.host, priority, this.#owner, this.#environment, this.#draining);
  }
}
