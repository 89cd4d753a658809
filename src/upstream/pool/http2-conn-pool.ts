import type { WheelTimer } from "../../base/timer-wheel.ts";
import type { ResponseDecoder } from "../../http/codec.ts";
import type { CircuitBreaker, CircuitBreakers, ResourcePriority } from "../circuit-breaker/circuit-breaker.ts";
import { connectionBreaker } from "../circuit-breaker/connection-breaker.ts";
import type { Host } from "../host.ts";
import type { HttpConnPool, PendingStream, PoolCallbacks, PoolFailureReason } from "./http-conn-pool.ts";
import { Http2Client, type Http2ClientOwner, type Http2ClientState } from "./http2-client.ts";
import type { OpenedConnection } from "./opened-connection.ts";
import { PendingEntry, PendingQueue } from "./pending-queue.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { PoolOwner } from "./pool-owner.ts";
import { type Connectivity, needsConnection, OPEN_AT_ONCE_LIMIT } from "./preconnect.ts";

/** Of connections whose hosts set no limit. As in Envoy. */
const CAPACITY_LIMIT = 2 ** 29;

/**
 * The HTTP/2 connections of one worker to one host. A request goes on the first connection with room for another stream: as
 * many as the peer allows, and no more than `max_concurrent_streams`. Else it waits, and connections are opened for as many
 * as wait. A connection that the host has said GOAWAY on is left to its streams. Source: Envoy's `Http2::ConnPoolImpl`.
 */
export class Http2ConnPool implements HttpConnPool, Http2ClientOwner {
  readonly host: Host;
  readonly priority: ResourcePriority;
  readonly #owner: PoolOwner;
  readonly #environment: PoolEnvironment;
  readonly #clients = new Set<Http2Client>();
  /** Those that are connected and not draining, in the order of their age. */
  readonly #ready: Http2Client[] = [];
  #pending = new PendingQueue();
  /** What the cluster knows of the pool. */
  readonly #noted = { pending: 0, active: 0, unused: 0 };
  #draining: boolean;
  readonly #idleTimer: WheelTimer;

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
    this.#owner = owner;
    this.#environment = environment;
    this.#draining = draining;
    this.#idleTimer = environment.timers.timer(() => this.#closeIdle());
  }

  get hasReadyConnection(): boolean {
    return this.#clientWithRoom() !== null;
  }

  get connectionCount(): number {
    return this.#clients.size;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Whether it has a request, or one waits. */
  get isInUse(): boolean {
    if (this.#pending.size > 0) return true;
    for (const { activeStreams } of this.#clients) if (activeStreams > 0) return true;
    return false;
  }

  /** For people who ask. */
  describe(): PoolUse {
    let connecting = 0;
    let active = 0;
    let idle = 0;
    let activeRequests = 0;
    for (const { state, activeStreams } of this.#clients) {
      activeRequests += activeStreams;
      if (state === "connecting") connecting++;
      else if (activeStreams > 0) active++;
      else idle++;
    }
    const pending = this.#pending.size;
    const { priority } = this;
    return {
      protocol: "HTTP/2",
      priority,
      draining: this.#draining,
      connecting,
      active,
      idle,
      activeRequests,
      pending,
    };
  }

  newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | null {
    const client = this.#clientWithRoom();
    if (client !== null) {
      this.#attach(client, decoder, callbacks);
      if (this.#owner.info.preconnect !== null) this.#openConnections();
      return null;
    }
    const { stats } = this.#owner.info;
    if (!this.#breakers().pendingRequests.tryAcquire()) {
      stats.rq.pendingOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      this.#reportDrained();
      return null;
    }
    stats.rq.pendingTotal.inc();
    stats.rq.pendingActive.inc();
    const entry = new PendingEntry(decoder, callbacks, this);
    this.#pending.push(entry);
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
    const { info, wishes } = this.#owner;
    this.#pending.take(waiting, this);
    const client = new Http2Client(this.host, info, breaker, this, this.#environment, wishes, opened);
    this.#clients.add(client);
    client.onConnected();
    if (this.#pending.size > 0) this.#openConnections();
  }

  /** See `Http1ConnPool.drain`. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const client of [...this.#clients]) {
      if (client.state === "connecting" && this.#pending.size === 0) client.close();
      else client.drain();
    }
    this.#reportDrained();
  }

  /** See `Http1ConnPool.close`. */
  close(): void {
    this.#draining = true;
    this.#failPending("localConnectionFailure", "");
    for (const client of [...this.#clients]) client.close();
    this.#reportDrained();
  }

  onPendingCancelled(): void {
    this.#leftPending();
    this.#owner.info.stats.rq.cancelled.inc();
    this.#noteConnectivity();
    this.#reportDrained();
  }

  onClientUsable(client: Http2Client): void {
    if (!this.#ready.includes(client)) this.#ready.push(client);
    while (client.capacity > 0 && client.state === "ready") {
      const entry = this.#pending.shift();
      if (entry === null) break;
      this.#leftPending();
      this.#attach(client, entry.decoder, entry.callbacks);
    }
    this.#noteConnectivity();
    if (this.#draining) client.drain();
    else if (client.activeStreams === 0 && !this.#idleTimer.armed) this.#armIdleTimer(client.idleSinceMs);
  }

  onStreamEnded(): void {
    this.host.stats.rqActive--;
    this.#owner.info.stats.rq.active.dec();
    this.#breakers().requests.release();
  }

  onClientDraining(client: Http2Client): void {
    const at = this.#ready.indexOf(client);
    if (at !== -1) this.#ready.splice(at, 1);
    if (this.#pending.size > 0) this.#openConnections();
    this.#noteConnectivity();
  }

  onClientClosed(client: Http2Client, before: Http2ClientState): void {
    this.#clients.delete(client);
    // Who waits must not wait for a host that is in trouble: the router may try another one.
    if (before === "connecting") this.#failPending(client.failureReason, client.transportFailureReason);
    if (this.#pending.size > 0) this.#openConnections();
    this.#noteConnectivity();
    this.#reportDrained();
  }

  #clientWithRoom(): Http2Client | null {
    for (const client of this.#ready) if (client.capacity > 0) return client;
    return null;
  }

  #attach(client: Http2Client, decoder: ResponseDecoder, callbacks: PoolCallbacks): void {
    const { stats } = this.#owner.info;
    if (!this.#breakers().requests.tryAcquire()) {
      stats.rq.pendingOverflow.inc();
      callbacks.onPoolFailure("overflow", "", this.host);
      return;
    }
    stats.rq.total.inc();
    stats.rq.active.inc();
    this.host.stats.rqTotal++;
    this.host.stats.rqActive++;
    callbacks.onPoolReady(client.newStream(decoder), this.host, client);
  }

  #openConnections(): void {
    const ratio = this.#owner.info.preconnect?.perUpstreamRatio ?? 1;
    for (let opened = 0; opened < OPEN_AT_ONCE_LIMIT && this.#needsConnection(ratio, 0); opened++) {
      if (!this.#open()) break;
    }
    this.#noteConnectivity();
  }

  /** As for HTTP/1; one connection has room for many streams. */
  #needsConnection(ratio: number, anticipated: 0 | 1): boolean {
    const streams = this.#connectivity();
    if (this.#draining || this.host.health !== "healthy") return streams.pending > streams.unused;
    return needsConnection(streams, ratio, anticipated);
  }

  #connectivity(): Connectivity {
    let active = 0;
    let unused = 0;
    for (const client of this.#clients) {
      active += client.activeStreams;
      unused += Math.min(client.capacity, CAPACITY_LIMIT);
    }
    return { pending: this.#pending.size, active, unused };
  }

  #noteConnectivity(): void {
    const owner = this.#owner;
    if (owner.info.preconnect !== null) owner.connectivity.note(this.#noted, this.#connectivity());
  }

  /** Whether a breaker allows more. */
  #open(): boolean {
    const { info } = this.#owner;
    const connections = connectionBreaker(info, this.host, this.priority);
    const allowed = connections.tryAcquire();
    if (!allowed) {
      info.stats.cx.overflow.inc();
      // Others may hold all connections for ever; one of its own keeps each host reachable.
      if (this.#clients.size > 0) return false;
      connections.acquire();
    }
    this.#clients.add(new Http2Client(this.host, info, connections, this, this.#environment, this.#owner.wishes));
    this.#noteConnectivity();
    return allowed;
  }

  #failPending(reason: PoolFailureReason, transportFailureReason: string): void {
    const failed = this.#pending;
    if (failed.size === 0) return;
    // A request that comes back from its callback waits anew, in a queue of its own.
    this.#pending = new PendingQueue();
    for (let entry = failed.shift(); entry !== null; entry = failed.shift()) {
      this.#leftPending();
      this.#owner.info.stats.rq.pendingFailureEject.inc();
      entry.callbacks.onPoolFailure(reason, transportFailureReason, this.host);
    }
  }

  #leftPending(): void {
    this.#owner.info.stats.rq.pendingActive.dec();
    this.#breakers().pendingRequests.release();
  }

  #armIdleTimer(idleSinceMs: number): void {
    const { idleTimeoutMs } = this.#owner.info;
    if (idleTimeoutMs === 0) return;
    const idleMs = this.#environment.timers.clock.nowMs() - idleSinceMs;
    this.#idleTimer.arm(Math.max(0, idleTimeoutMs - idleMs));
  }

  /** One timer serves the whole pool, whose connections are few. */
  #closeIdle(): void {
    const { idleTimeoutMs, stats } = this.#owner.info;
    const limitMs = this.#environment.timers.clock.nowMs() - idleTimeoutMs;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const client of [...this.#ready]) {
      if (client.activeStreams > 0) continue;
      if (client.idleSinceMs <= limitMs) {
        stats.cx.idleTimeout.inc();
        client.close();
      } else oldestMs = Math.min(oldestMs, client.idleSinceMs);
    }
    if (oldestMs !== Number.POSITIVE_INFINITY) this.#armIdleTimer(oldestMs);
  }

  #breakers(): CircuitBreakers {
    return this.#owner.info.circuitBreakers[this.priority];
  }

  #reportDrained(): void {
    if (this.#clients.size > 0 || this.#pending.size > 0) return;
    this.#idleTimer.disarm();
    this.#noteConnectivity();
    this.#owner.onPoolDrained(this.host);
  }
}
