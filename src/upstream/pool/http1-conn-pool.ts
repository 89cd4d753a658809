import type { WheelTimer } from "../../base/timer-wheel.ts";
import type { ResponseDecoder } from "../../http/codec.ts";
import type { CircuitBreaker, CircuitBreakers, ResourcePriority } from "../circuit-breaker/circuit-breaker.ts";
import { connectionBreaker } from "../circuit-breaker/connection-breaker.ts";
import type { Host } from "../host.ts";
import { ActiveClient, type ActiveClientOwner, type ActiveClientState } from "./active-client.ts";
import type { HttpConnPool, PendingStream, PoolCallbacks, PoolFailureReason } from "./http-conn-pool.ts";
import type { OpenedConnection } from "./opened-connection.ts";
import { PendingEntry, PendingQueue } from "./pending-queue.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { PoolOwner } from "./pool-owner.ts";
import { type Connectivity, needsConnection, OPEN_AT_ONCE_LIMIT } from "./preconnect.ts";
import { ReadyClients } from "./ready-clients.ts";

/**
 * The HTTP/1 connections of one worker to one host. A request gets the most recently used idle connection, else it waits,
 * first come first served, and for each that waits one connection is being opened, as far as the breakers allow. A pool
 * without any connection may always open one. With a `preconnect_policy` there are more than streams need. Source: Envoy's `ConnPoolImplBase` and `Http1::ConnPoolImpl`.
 * Differs from Envoy: where connecting fails, nothing is preconnected before the next request.
 */
export class Http1ConnPool implements HttpConnPool, ActiveClientOwner {
  readonly host: Host;
  readonly priority: ResourcePriority;
  private readonly owner: PoolOwner;
  private readonly environment: PoolEnvironment;
  private readonly clients = new Set<ActiveClient>();
  private readonly ready = new ReadyClients();
  private pending = new PendingQueue();
  private connectingCount = 0;
  /** What the cluster knows of the pool. */
  private readonly noted = { pending: 0, active: 0, unused: 0 };
  private draining: boolean;
  private readonly idleTimer: WheelTimer;

  /** `draining`: as if `drain` had been called; each connection serves who waits for it, then closes. */
  constructor(
    host: Host,
    priority: ResourcePriority,
    owner: PoolOwner,
    environment: PoolEnvironment,
    draining = false,
  ) {
    this.host = host;
    this.priority = priority;
    this.owner = owner;
    this.environment = environment;
    this.draining = draining;
    this.idleTimer = environment.timers.timer(() => this.#closeIdle());
  }

  get hasReadyConnection(): boolean {
    return this.ready.newest !== null;
  }

  /** Open connections, those being opened among them. */
  get connectionCount(): number {
    return this.clients.size;
  }

  get pendingCount(): number {
    return this.pending.size;
  }

  /** Whether it has a request, or one waits. */
  get isInUse(): boolean {
    return this.pending.size > 0 || this.clients.size > this.connectingCount + this.ready.size;
  }

  /** For people who ask. */
  describe(): PoolUse {
    let idle = 0;
    let active = 0;
    for (const { state } of this.clients) {
      if (state === "ready") idle++;
      else if (state === "busy") active++;
    }
    const { priority, draining, connectingCount } = this;
    const pending = this.pending.size;
    return {
      protocol: "HTTP/1",
      priority,
      draining,
      connecting: connectingCount,
      active,
      idle,
      activeRequests: active,
      pending,
    };
  }

  newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | null {
    const client = this.ready.newest;
    if (client !== null) {
      this.#attach(client, decoder, callbacks);
      if (this.owner.info.preconnect !== null) this.#openConnections();
      return null;
    }
    const { stats } = this.owner.info;
    if (!this.#breakers().pendingRequests.tryAcquire()) {
      stats.rq.pendingOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      this.#reportDrained();
      return null;
    }
    stats.rq.pendingTotal.inc();
    stats.rq.pendingActive.inc();
    const entry = new PendingEntry(decoder, callbacks, this);
    this.pending.push(entry);
    this.#openConnections();
    return entry;
  }

  preconnect(ratio: number): boolean {
    const opened = this.#needsConnection(ratio, 1) && this.#open();
    this.#reportDrained();
    return opened;
  }

  /** For a pool without connections: uses one that is there, for those that wait for it; `breaker` has been acquired for it. */
  adopt(opened: OpenedConnection, breaker: CircuitBreaker, waiting: PendingQueue): void {
    const { info, wishes } = this.owner;
    this.pending.take(waiting, this);
    this.connectingCount++;
    const client = new ActiveClient(this.host, info, breaker, this, this.environment, wishes, opened);
    this.clients.add(client);
    client.onConnected();
    if (this.pending.size > 0) this.#openConnections();
  }

  /**
   * Winds up: idle connections close now, busy ones after their stream, and those that wait are still served.
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
    this.#failPending("localConnectionFailure", "");
    for (const client of [...this.clients]) client.close();
    this.#reportDrained();
  }

  onPendingCancelled(): void {
    this.#leftPending();
    this.owner.info.stats.rq.cancelled.inc();
    this.#noteConnectivity();
    this.#reportDrained();
  }

  onClientUsable(client: ActiveClient): void {
    if (client.state === "connecting") this.connectingCount--;
    for (let entry = this.pending.shift(); entry !== null; entry = this.pending.shift()) {
      this.#leftPending();
      if (!this.#attach(client, entry.decoder, entry.callbacks)) continue;
      this.#noteConnectivity();
      return;
    }
    client.state = "ready";
    client.idleSinceMs = this.environment.timers.clock.nowMs();
    this.ready.addNewest(client);
    this.#noteConnectivity();
    if (this.draining) client.close();
    else if (!this.idleTimer.armed) this.#armIdleTimer(client);
  }

  onStreamEnded(): void {
    this.host.stats.rqActive--;
    this.owner.info.stats.rq.active.dec();
    this.#breakers().requests.release();
  }

  onClientLeaving(client: ActiveClient, before: ActiveClientState): void {
    this.clients.delete(client);
    if (before === "ready") this.ready.remove(client);
    else if (before === "connecting") this.connectingCount--;
  }

  onClientClosed(client: ActiveClient, before: ActiveClientState): void {
    // Who waits must not wait for a host that is in trouble: the router may try another one.
    if (before === "connecting") this.#failPending(client.failureReason, client.transportFailureReason);
    if (this.pending.size > 0) this.#openConnections();
    this.#noteConnectivity();
    this.#reportDrained();
  }

  /** False if the request was refused, because the `requests` breaker is open; the client is as ready as before. */
  #attach(client: ActiveClient, decoder: ResponseDecoder, callbacks: PoolCallbacks): boolean {
    const { stats } = this.owner.info;
    if (!this.#breakers().requests.tryAcquire()) {
      stats.rq.pendingOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      return false;
    }
    if (client.state === "ready") this.ready.remove(client);
    stats.rq.total.inc();
    stats.rq.active.inc();
    this.host.stats.rqTotal++;
    this.host.stats.rqActive++;
    callbacks.onPoolReady(client.newStream(decoder), this.host, client);
    return true;
  }

  #openConnections(): void {
    const ratio = this.owner.info.preconnect?.perUpstreamRatio ?? 1;
    for (let opened = 0; opened < OPEN_AT_ONCE_LIMIT && this.#needsConnection(ratio, 0); opened++) {
      if (!this.#open()) break;
    }
    this.#noteConnectivity();
  }

  /** Hosts that are not well, or not to be used any more, get no more than they must. */
  #needsConnection(ratio: number, anticipated: 0 | 1): boolean {
    if (this.draining || this.host.health !== "healthy") return this.pending.size > this.connectingCount;
    return needsConnection(this.#connectivity(), ratio, anticipated);
  }

  #connectivity(): Connectivity {
    const unused = this.connectingCount + this.ready.size;
    return { pending: this.pending.size, active: this.clients.size - unused, unused };
  }

  #noteConnectivity(): void {
    const owner = this.owner;
    if (owner.info.preconnect !== null) owner.connectivity.note(this.noted, this.#connectivity());
  }

  /** Whether a breaker allows more. */
  #open(): boolean {
    const { info } = this.owner;
    const connections = connectionBreaker(info, this.host, this.priority);
    const allowed = connections.tryAcquire();
    if (!allowed) {
      info.stats.cx.overflow.inc();
      // Others may hold all connections for ever; one of its own keeps each host reachable.
      if (this.clients.size > 0) return false;
      connections.acquire();
    }
    this.connectingCount++;
    this.clients.add(new ActiveClient(this.host, info, connections, this, this.environment, this.owner.wishes));
    this.#noteConnectivity();
    return allowed;
  }

  #failPending(reason: PoolFailureReason, transportFailureReason: string): void {
    const failed = this.pending;
    if (failed.size === 0) return;
    // A request that comes back from its callback waits anew, in a queue of its own.
    this.pending = new PendingQueue();
    for (let entry = failed.shift(); entry !== null; entry = failed.shift()) {
      this.#leftPending();
      this.owner.info.stats.rq.pendingFailureEject.inc();
      entry.callbacks.onPoolFailure(reason, transportFailureReason, this.host);
    }
  }

  #leftPending(): void {
    this.owner.info.stats.rq.pendingActive.dec();
    this.#breakers().pendingRequests.release();
  }

  #armIdleTimer(oldest: ActiveClient): void {
    const { idleTimeoutMs } = this.owner.info;
    if (idleTimeoutMs === 0) return;
    const idleMs = this.environment.timers.clock.nowMs() - oldest.idleSinceMs;
    this.idleTimer.arm(Math.max(0, idleTimeoutMs - idleMs));
  }

  /** One timer serves the whole pool: the list is in order of age. */
  #closeIdle(): void {
    const { idleTimeoutMs, stats } = this.owner.info;
    const limitMs = this.environment.timers.clock.nowMs() - idleTimeoutMs;
    let oldest = this.ready.oldest;
    while (idleTimeoutMs > 0 && oldest !== null && oldest.idleSinceMs <= limitMs) {
      stats.cx.idleTimeout.inc();
      oldest.close();
      oldest = this.ready.oldest;
    }
    if (oldest !== null) this.#armIdleTimer(oldest);
  }

  #breakers(): CircuitBreakers {
    return this.owner.info.circuitBreakers[this.priority];
  }

  #reportDrained(): void {
    if (this.clients.size > 0 || this.pending.size > 0) return;
    this.idleTimer.disarm();
    this.#noteConnectivity();
    this.owner.onPoolDrained(this.host);
  }
}
