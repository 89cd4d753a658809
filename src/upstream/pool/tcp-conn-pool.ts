import type { CircuitBreakers, ResourcePriority } from "../circuit-breaker/circuit-breaker.ts";
import { connectionBreaker } from "../circuit-breaker/connection-breaker.ts";
import type { Host } from "../host.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import { OpenedConnection } from "./opened-connection.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { HostPoolsOwner } from "./pool-owner.ts";
import { TcpClient, type TcpClientOwner } from "./tcp-client.ts";
import type { PendingTcpConnection, TcpPoolCallbacks } from "./tcp-upstream.ts";

/**
 * The TCP connections of one worker to one host, each for one user: a byte stream can't be shared or used again. A connection counts as a
 * request, too, as in Envoy; its breakers are those of connections and of pending requests.
 * Source: Envoy's `Tcp::ConnPoolImpl`.
 * Differs from Envoy: `preconnect_policy` opens none.
 */
export class TcpConnPool implements TcpClientOwner {
  readonly host: Host;
  readonly #priority: ResourcePriority;
  readonly #owner: HostPoolsOwner;
  readonly #environment: PoolEnvironment;
  readonly #clients = new Set<TcpClient>();
  #draining: boolean;

  /** `draining`: as if `drain` had been called. */
  constructor(
    host: Host,
    priority: ResourcePriority,
    owner: HostPoolsOwner,
    environment: PoolEnvironment,
    draining = false,
  ) {
    this.host = host;
    this.#priority = priority;
    this.#owner = owner;
    this.#environment = environment;
    this.#draining = draining;
  }

  /** Open connections, those being opened among them. */
  get connectionCount(): number {
    return this.#clients.size;
  }

  /** For people who ask. */
  describe(): PoolUse {
    let connecting = 0;
    for (const { connectedAtMs } of this.#clients) if (connectedAtMs < 0) connecting++;
    const active = this.#clients.size - connecting;
    const priority = this.#priority;
    return {
      protocol: "TCP",
      priority,
      draining: this.#draining,
      connecting,
      active,
      idle: 0,
      activeRequests: active,
      pending: connecting,
    };
  }

  /** Opens a connection. Null if the answer came before the call returned: a breaker is open. */
  newConnection(callbacks: TcpPoolCallbacks, wishes: ConnectionWishes | null = null): PendingTcpConnection | null {
    const { info } = this.#owner;
    const breakers: CircuitBreakers = info.circuitBreakers[this.#priority];
    if (!breakers.pendingRequests.tryAcquire()) {
      info.stats.rq.pendingOverflow.inc();
      callbacks.onTcpPoolFailure("overflow", "", this.host);
      return null;
    }
    const connections = connectionBreaker(info, this.host, this.#priority);
    if (!connections.tryAcquire()) {
      breakers.pendingRequests.release();
      info.stats.cx.overflow.inc();
      callbacks.onTcpPoolFailure("overflow", "", this.host);
      return null;
    }
    const opened = new OpenedConnection(this.host, info, connections, this.#environment, undefined, wishes);
    const client = new TcpClient(opened, breakers, callbacks, this);
    this.#clients.add(client);
    return client;
  }

  /** Winds up: connections end when their users end them; with the last one `onPoolDrained` is told. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#reportDrained();
  }

  /** Closes everything now. */
  close(): void {
    this.#draining = true;
    for (const client of [...this.#clients]) client.close();
    this.#reportDrained();
  }

  onTcpClientClosed(client: TcpClient): void {
    this.#clients.delete(client);
    this.#reportDrained();
  }

  #reportDrained(): void {
    if (this.#draining && this.#clients.size === 0) this.#owner.onPoolDrained(this.host);
  }
}
