import type { ResponseDecoder } from "../../http/codec.ts";
import { ConnPoolBase } from "./conn-pool-base.ts";
import type { PendingStream, PoolCallbacks } from "./http-conn-pool.ts";
import { Http1Client, type Http1ClientOwner, type Http1ClientState } from "./http1-client.ts";
import type { OpenedConnection } from "./opened-connection.ts";
import type { PoolUse } from "./pool-listing.ts";
import type { Connectivity } from "./preconnect.ts";
import { ReadyClients } from "./ready-clients.ts";

/**
 * The HTTP/1 connections of one worker to one host. A request gets the most recently used idle connection, else it waits,
 * first come first served, and for each that waits one connection is being opened, as far as the breakers allow. Source: Envoy's
 * `Http1::ConnPoolImpl`.
 */
export class Http1ConnPool extends ConnPoolBase<Http1Client> implements Http1ClientOwner {
  protected readonly alpn = "http/1.1";
  private readonly ready = new ReadyClients();
  private connectingCount = 0;

  get hasReadyConnection(): boolean {
    return this.ready.newest !== null;
  }

  get isInUse(): boolean {
    return this.pending.size > 0 || this.clients.size > this.connectingCount + this.ready.size;
  }

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
    if (client === null) return this.wait(decoder, callbacks);
    this.#attach(client, decoder, callbacks);
    if (this.owner.info.preconnect !== null) this.openConnections();
    return null;
  }

  onClientUsable(client: Http1Client): void {
    if (client.state === "connecting") this.connectingCount--;
    for (let entry = this.pending.shift(); entry !== null; entry = this.pending.shift()) {
      if (!this.#attach(client, entry.decoder, entry.callbacks)) continue;
      this.noteConnectivity();
      return;
    }
    client.state = "ready";
    client.idleSinceMs = this.environment.timers.clock.nowMs();
    this.ready.addNewest(client);
    this.noteConnectivity();
    if (this.draining) client.close();
    else if (!this.idleTimer.armed) this.armIdleTimer(client.idleSinceMs);
  }

  onClientLeaving(client: Http1Client, before: Http1ClientState): void {
    this.clients.delete(client);
    if (before === "ready") this.ready.remove(client);
    else if (before === "connecting") this.connectingCount--;
  }

  protected connectivity(): Connectivity {
    const unused = this.connectingCount + this.ready.size;
    return { pending: this.pending.size, active: this.clients.size - unused, unused };
  }

  protected makeClient(opened: OpenedConnection): Http1Client {
    this.connectingCount++;
    return new Http1Client(opened, this);
  }

  /** One timer serves the whole pool: the list is in order of age. */
  protected closeIdle(): void {
    const { idleTimeoutMs, stats } = this.owner.info;
    const limitMs = this.environment.timers.clock.nowMs() - idleTimeoutMs;
    let oldest = this.ready.oldest;
    while (idleTimeoutMs > 0 && oldest !== null && oldest.idleSinceMs <= limitMs) {
      stats.cx.idleTimeout.inc();
      oldest.close();
      oldest = this.ready.oldest;
    }
    if (oldest !== null) this.armIdleTimer(oldest.idleSinceMs);
  }

  /** False if the request was refused; the client is as ready as before. */
  #attach(client: Http1Client, decoder: ResponseDecoder, callbacks: PoolCallbacks): boolean {
    if (!this.admit(callbacks)) return false;
    if (client.state === "ready") this.ready.remove(client);
    callbacks.onPoolReady(client.newStream(decoder), this.host, client);
    return true;
  }
}
