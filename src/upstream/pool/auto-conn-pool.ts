import type { ResponseDecoder } from "../../http/codec.ts";
import type { CircuitBreaker, ResourcePriority } from "../circuit-breaker/circuit-breaker.ts";
import { connectionBreaker } from "../circuit-breaker/connection-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import { type AgreedProtocol, OFFERED_PROTOCOLS } from "./agreed-protocol.ts";
import { AlpnClient, type AlpnClientOwner } from "./alpn-client.ts";
import type { HttpConnPool, PendingStream, PoolCallbacks } from "./http-conn-pool.ts";
import { Http1ConnPool } from "./http1-conn-pool.ts";
import { Http2ConnPool } from "./http2-conn-pool.ts";
import { OpenedConnection } from "./opened-connection.ts";
import { PendingQueue, type PendingQueueOwner } from "./pending-queue.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { PoolOwner } from "./pool-owner.ts";

/**
 * The connections of one worker to one host that says by ALPN what it speaks. Requests wait for the handshake of the first connection; then
 * the pool of that protocol gets it, and them. When that pool is empty, the protocol is learned anew. Source: Envoy's `HttpConnPoolImplMixed`.
 * Differs from Envoy: one connection learns the protocol for all. Later ones offer it alone (unless the TLS context names what is offered), and one
 * that gets another protocol, while earlier ones are still there, counts as one that failed to connect; there, each connection has its own.
 */
export class AutoConnPool implements HttpConnPool, PendingQueueOwner, AlpnClientOwner {
  readonly host: Host;
  readonly priority: ResourcePriority;
  readonly #owner: PoolOwner;
  readonly #environment: PoolEnvironment;
  /** Null until the protocol is known. */
  #inner: Http1ConnPool | Http2ConnPool | null = null;
  /** The connection that learns it. */
  #client: AlpnClient | null = null;
  readonly #pending: PendingQueue;
  #draining: boolean;
  /** What the cluster knows of the pool. */
  readonly #noted = { pending: 0, active: 0, unused: 0 };

  /** `draining`: see `ConnPoolBase`. `owner` is that of the pool within, too. */
  constructor(
    host: Host,
    priority: ResourcePriority,
    owner: PoolOwner,
    environment: PoolEnvironment,
    draining: boolean,
  ) {
    this.host = host;
    this.priority = priority;
    this.#owner = owner;
    this.#environment = environment;
    this.#pending = new PendingQueue(this);
    this.#draining = draining;
  }

  get info(): ClusterInfo {
    return this.#owner.info;
  }

  get hasReadyConnection(): boolean {
    return this.#inner?.hasReadyConnection ?? false;
  }

  get connectionCount(): number {
    return (this.#inner?.connectionCount ?? 0) + (this.#client === null ? 0 : 1);
  }

  get pendingCount(): number {
    return (this.#inner?.pendingCount ?? 0) + this.#pending.size;
  }

  /** Whether it has a request, or one waits. */
  get isInUse(): boolean {
    return this.#pending.size > 0 || this.#inner?.isInUse === true;
  }

  /** For people who ask. */
  describe(): PoolUse {
    const inner = this.#current();
    if (inner !== null) return inner.describe();
    const { priority } = this;
    const draining = this.#draining;
    const connecting = this.#client === null ? 0 : 1;
    const pending = this.#pending.size;
    return { protocol: "HTTP", priority, draining, connecting, active: 0, idle: 0, activeRequests: 0, pending };
  }

  newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | null {
    const inner = this.#current();
    if (inner !== null) return inner.newStream(decoder, callbacks);
    const entry = this.#pending.add(decoder, callbacks);
    if (entry === null) this.#reportDrained();
    else this.#learn();
    return entry;
  }

  preconnect(ratio: number): boolean {
    const inner = this.#current();
    if (inner !== null) return inner.preconnect(ratio);
    if (!this.#draining && this.host.health === "healthy") this.#learn();
    this.#reportDrained();
    return false;
  }

  /** See `ConnPoolBase.drain`. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#inner?.drain();
    if (this.#pending.size === 0) this.#client?.close();
    this.#reportDrained();
  }

  /** See `ConnPoolBase.close`. */
  close(): void {
    this.#draining = true;
    this.#pending.fail("localConnectionFailure", "");
    this.#client?.close();
    this.#inner?.close();
    this.#reportDrained();
  }

  onPendingCancelled(): void {
    this.#noteConnectivity();
    this.#reportDrained();
  }

  onProtocolAgreed(client: AlpnClient, protocol: AgreedProtocol): void {
    const Pool = protocol === "http2" ? Http2ConnPool : Http1ConnPool;
    const inner = new Pool(this.host, this.priority, this.#owner, this.#environment, this.#draining);
    this.#inner = inner;
    this.#client = null;
    const waiting = new PendingQueue(this);
    waiting.take(this.#pending);
    this.#noteConnectivity();
    inner.adopt(client.opened, waiting);
  }

  onClientClosed(client: AlpnClient): void {
    this.#client = null;
    this.#pending.fail(client.opened.failureReason, client.opened.transportFailureReason);
    if (this.#pending.size > 0) this.#learn();
    this.#noteConnectivity();
    this.#reportDrained();
  }

  /** The pool of the protocol that is known. An empty one says nothing of the next connection. */
  #current(): Http1ConnPool | Http2ConnPool | null {
    const inner = this.#inner;
    if (inner !== null && inner.connectionCount === 0 && inner.pendingCount === 0) this.#inner = null;
    return this.#inner;
  }

  /** Opens the connection that learns the protocol, if it isn't on its way. */
  #learn(): void {
    if (this.#client === null) {
      const { info, wishes } = this.#owner;
      const breaker = this.#acquireConnection();
      const opened = new OpenedConnection(this.host, info, breaker, this.#environment, OFFERED_PROTOCOLS, wishes);
      this.#client = new AlpnClient(opened, this);
    }
    this.#noteConnectivity();
  }

  /** There is no other connection: one keeps each host reachable, whatever others hold. */
  #acquireConnection(): CircuitBreaker {
    const { info } = this.#owner;
    const connections = connectionBreaker(info, this.host, this.priority);
    if (!connections.tryAcquire()) {
      info.stats.cx.overflow.inc();
      connections.acquire();
    }
    return connections;
  }

  #noteConnectivity(): void {
    const { info, connectivity } = this.#owner;
    if (info.preconnect === null) return;
    connectivity.note(this.#noted, {
      pending: this.#pending.size,
      active: 0,
      unused: this.#client === null ? 0 : 1,
    });
  }

  #reportDrained(): void {
    if (this.connectionCount > 0 || this.pendingCount > 0) return;
    this.#noteConnectivity();
    this.#owner.onPoolDrained(this.host);
  }
}
