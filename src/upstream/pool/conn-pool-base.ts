import type { WheelTimer } from "../../base/timer-wheel.ts";
import type { ResponseDecoder } from "../../http/codec.ts";
import type { ResourcePriority } from "../circuit-breaker/circuit-breaker.ts";
import { connectionBreaker } from "../circuit-breaker/connection-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import type { HttpConnPool, PendingStream, PoolCallbacks } from "./http-conn-pool.ts";
import { OpenedConnection } from "./opened-connection.ts";
import { PendingQueue, type PendingQueueOwner } from "./pending-queue.ts";
import type { PoolClient } from "./pool-client.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { PoolOwner } from "./pool-owner.ts";
import { type Connectivity, needsConnection, OPEN_AT_ONCE_LIMIT } from "./preconnect.ts";

/**
 * What the pools of HTTP/1 and HTTP/2 have in common: requests that wait, when a connection is opened, and how a pool ends. A pool without any
 * connection may always open one. With a `preconnect_policy` there are more than streams need. Source: Envoy's `ConnPoolImplBase`.
 * Differs from Envoy: where connecting fails, nothing is preconnected before the next request.
 */
export abstract class ConnPoolBase<Client extends PoolClient<string>> implements HttpConnPool, PendingQueueOwner {
  readonly host: Host;
  readonly priority: ResourcePriority;
  protected readonly owner: PoolOwner;
  protected readonly environment: PoolEnvironment;
  protected readonly clients = new Set<Client>();
  protected readonly pending: PendingQueue;
  protected draining: boolean;
  protected readonly idleTimer: WheelTimer;
  /** What the cluster knows of the pool. */
  private readonly noted = { pending: 0, active: 0, unused: 0 };

  /** `draining`: as if `drain` had been called; each connection serves who waits for it, then closes. */
  constructor(
    host: Host,
    priority: ResourcePriority,
    owner: PoolOwner,
    environment: PoolEnvironment,
    draining: boolean,
  ) {
    this.host = host;
    this.priority = priority;
    this.owner = owner;
    this.environment = environment;
    this.pending = new PendingQueue(this);
    this.draining = draining;
    this.idleTimer = environment.timers.timer(() => this.closeIdle());
  }

  abstract get hasReadyConnection(): boolean;
  /** Whether it has a request, or one waits. */
  abstract get isInUse(): boolean;
  /** For people who ask. */
  abstract describe(): PoolUse;
  abstract newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | null;

  /** What its connections are to carry, as ALPN names it. */
  protected abstract readonly alpn: string;
  protected abstract connectivity(): Connectivity;
  protected abstract makeClient(opened: OpenedConnection): Client;
  /** Closes connections that have been idle for `idle_timeout`, and arms `idleTimer` for the next one. */
  protected abstract closeIdle(): void;

  /** Open connections, those being opened among them. */
  get connectionCount(): number {
    return this.clients.size;
  }

  get pendingCount(): number {
    return this.pending.size;
  }

  get info(): ClusterInfo {
    return this.owner.info;
  }

  preconnect(ratio: number): boolean {
    const opened = this.#needsConnection(ratio, 1) && this.#open();
    this.#reportDrained();
    return opened;
  }

  /** For a pool without connections: uses one that is there, for those that wait for it. */
  adopt(opened: OpenedConnection, waiting: PendingQueue): void {
    this.pending.take(waiting);
    const client = this.makeClient(opened);
    this.clients.add(client);
    client.onConnected();
    if (this.pending.size > 0) this.openConnections();
  }

  /**
   * Winds up: idle connections close now, busy ones after their streams, and those that wait are still served.
   * `onPoolDrained` follows, perhaps from inside this call.
   */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    for (const client of [...this.clients]) {
      if (client.state === "connecting" && this.pending.size === 0) client.close();
      else client.drain();
    }
    this.#reportDrained();
  }

  /** Closes everything now: streams are reset, those that wait fail. */
  close(): void {
    this.draining = true;
    this.pending.fail("localConnectionFailure", "");
    for (const client of [...this.clients]) client.close();
    this.#reportDrained();
  }

  onPendingCancelled(): void {
    this.noteConnectivity();
    this.#reportDrained();
  }

  /** A stream is over, however it ended. */
  onStreamEnded(): void {
    const { stats, circuitBreakers } = this.owner.info;
    this.host.stats.rqActive--;
    stats.rq.active.dec();
    circuitBreakers[this.priority].requests.release();
  }

  /** A connection is gone for good; `before`: the state it was in. */
  onClientClosed(client: Client, before: Client["state"]): void {
    this.clients.delete(client);
    // Who waits must not wait for a host that is in trouble: the router may try another one.
    if (before === "connecting") {
      const { failureReason, transportFailureReason } = client.opened;
      this.pending.fail(failureReason, transportFailureReason);
    }
    if (this.pending.size > 0) this.openConnections();
    this.noteConnectivity();
    this.#reportDrained();
  }

  /** Lets a request wait, and opens connections for those that wait. Null if it must not: it has been told. */
  protected wait(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | null {
    const entry = this.pending.add(decoder, callbacks);
    if (entry === null) this.#reportDrained();
    else this.openConnections();
    return entry;
  }

  /** Counts a request in that gets its stream now. False if the `requests` breaker is open: it has been told. */
  protected admit(callbacks: PoolCallbacks): boolean {
    const { stats, circuitBreakers } = this.owner.info;
    if (!circuitBreakers[this.priority].requests.tryAcquire()) {
      stats.rq.pendingOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      return false;
    }
    stats.rq.total.inc();
    stats.rq.active.inc();
    this.host.stats.rqTotal++;
    this.host.stats.rqActive++;
    return true;
  }

  protected openConnections(): void {
    const ratio = this.owner.info.preconnect?.perUpstreamRatio ?? 1;
    for (let opened = 0; opened < OPEN_AT_ONCE_LIMIT && this.#needsConnection(ratio, 0); opened++) {
      if (!this.#open()) break;
    }
    this.noteConnectivity();
  }

  protected noteConnectivity(): void {
    const owner = this.owner;
    if (owner.info.preconnect !== null) owner.connectivity.note(this.noted, this.connectivity());
  }

  /** For when one that has been idle since `idleSinceMs` has been so for too long. */
  protected armIdleTimer(idleSinceMs: number): void {
    const { idleTimeoutMs } = this.owner.info;
    if (idleTimeoutMs === 0) return;
    const idleMs = this.environment.timers.clock.nowMs() - idleSinceMs;
    this.idleTimer.arm(Math.max(0, idleTimeoutMs - idleMs));
  }

  /** Hosts that are not well, or not to be used any more, get no more than they must. */
  #needsConnection(ratio: number, anticipated: 0 | 1): boolean {
    const streams = this.connectivity();
    if (this.draining || this.host.health !== "healthy") return streams.pending > streams.unused;
    return needsConnection(streams, ratio, anticipated);
  }

  /** Whether a breaker allows more. */
  #open(): boolean {
    const { info, wishes } = this.owner;
    const connections = connectionBreaker(info, this.host, this.priority);
    const allowed = connections.tryAcquire();
    if (!allowed) {
      info.stats.cx.overflow.inc();
      // Others may hold all connections for ever; one of its own keeps each host reachable.
      if (this.clients.size > 0) return false;
      connections.acquire();
    }
    const opened = new OpenedConnection(this.host, info, connections, this.environment, this.alpn, wishes);
    this.clients.add(this.makeClient(opened));
    this.noteConnectivity();
    return allowed;
  }

  #reportDrained(): void {
    if (this.clients.size > 0 || this.pending.size > 0) return;
    this.idleTimer.disarm();
    this.noteConnectivity();
    this.owner.onPoolDrained(this.host);
  }
}
