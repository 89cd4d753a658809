import type { ResponseDecoder } from "../../http/codec.ts";
import { ConnPoolBase } from "./conn-pool-base.ts";
import type { PendingStream, PoolCallbacks } from "./http-conn-pool.ts";
import { Http2Client, type Http2ClientOwner } from "./http2-client.ts";
import type { OpenedConnection } from "./opened-connection.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { Connectivity } from "./preconnect.ts";

/** Of connections whose hosts set no limit. As in Envoy. */
const CAPACITY_LIMIT = 2 ** 29;

/**
 * The HTTP/2 connections of one worker to one host. A request goes on the first connection with room for another stream: as
 * many as the peer allows, and no more than `max_concurrent_streams`. Else it waits, and connections are opened for as many
 * as wait. A connection that the host has said GOAWAY on is left to its streams. Source: Envoy's `Http2::ConnPoolImpl`.
 */
export class Http2ConnPool extends ConnPoolBase<Http2Client> implements Http2ClientOwner {
  protected readonly alpn = "h2";
  /** Those that are connected and not draining, in the order of their age. */
  readonly #ready: Http2Client[] = [];

  get hasReadyConnection(): boolean {
    return this.#clientWithRoom() !== null;
  }

  get isInUse(): boolean {
    if (this.pending.size > 0) return true;
    for (const { activeStreams } of this.clients) if (activeStreams > 0) return true;
    return false;
  }

  describe(): PoolUse {
    let connecting = 0;
    let active = 0;
    let idle = 0;
    let activeRequests = 0;
    for (const { state, activeStreams } of this.clients) {
      activeRequests += activeStreams;
      if (state === "connecting") connecting++;
      else if (activeStreams > 0) active++;
      else idle++;
    }
    const { priority, draining } = this;
    const pending = this.pending.size;
    return { protocol: "HTTP/2", priority, draining, connecting, active, idle, activeRequests, pending };
  }

  newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | null {
    const client = this.#clientWithRoom();
    if (client === null) return this.wait(decoder, callbacks);
    this.#attach(client, decoder, callbacks);
    if (this.owner.info.preconnect !== null) this.openConnections();
    return null;
  }

  onClientUsable(client: Http2Client): void {
    if (!this.#ready.includes(client)) this.#ready.push(client);
    while (client.capacity > 0 && client.state === "ready") {
      const entry = this.pending.shift();
      if (entry === null) break;
      this.#attach(client, entry.decoder, entry.callbacks);
    }
    this.noteConnectivity();
    if (this.draining) client.drain();
    else if (client.activeStreams === 0 && !this.idleTimer.armed) this.armIdleTimer(client.idleSinceMs);
  }

  onClientDraining(client: Http2Client): void {
    const at = this.#ready.indexOf(client);
    if (at !== -1) this.#ready.splice(at, 1);
    if (this.pending.size > 0) this.openConnections();
    this.noteConnectivity();
  }

  protected connectivity(): Connectivity {
    let active = 0;
    let unused = 0;
    for (const client of this.clients) {
      active += client.activeStreams;
      unused += Math.min(client.capacity, CAPACITY_LIMIT);
    }
    return { pending: this.pending.size, active, unused };
  }

  protected makeClient(opened: OpenedConnection): Http2Client {
    return new Http2Client(opened, this);
  }

  /** One timer serves the whole pool, whose connections are few. */
  protected closeIdle(): void {
    const { idleTimeoutMs, stats } = this.owner.info;
    const limitMs = this.environment.timers.clock.nowMs() - idleTimeoutMs;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const client of [...this.#ready]) {
      if (client.activeStreams > 0) continue;
      if (client.idleSinceMs <= limitMs) {
        stats.cx.idleTimeout.inc();
        client.close();
      } else oldestMs = Math.min(oldestMs, client.idleSinceMs);
    }
    if (oldestMs !== Number.POSITIVE_INFINITY) this.armIdleTimer(oldestMs);
  }

  #clientWithRoom(): Http2Client | null {
    for (const client of this.#ready) if (client.capacity > 0) return client;
    return null;
  }

  #attach(client: Http2Client, decoder: ResponseDecoder, callbacks: PoolCallbacks): void {
    if (this.admit(callbacks)) callbacks.onPoolReady(client.newStream(decoder), this.host, client);
  }
}
