import type { WheelTimer } from "../../base/timer-wheel.ts";
import type { ConnectionCallbacks, ConnectionCloseEvent } from "../../net/connection.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import type { CircuitBreaker } from "../circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import { connectFailureReason, isLocalConnectError } from "../connect/connect-error.ts";
import type { Host } from "../host.ts";
import { type AgreedProtocol, agreedProtocol, OFFERED_PROTOCOLS } from "./agreed-protocol.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { PoolFailureReason } from "./http-conn-pool.ts";
import { type OpenedConnection, openConnection } from "./opened-connection.ts";
import type { PoolEnvironment } from "./pool-environment.ts";

/** What an `AlpnClient` tells its pool: one of the two, once. */
export interface AlpnClientOwner {
  /** Connected. The connection, its accounting and its breaker are the owner's now; it must start it at once. */
  onProtocolAgreed(client: AlpnClient, protocol: AgreedProtocol): void;
  /** It could not connect, or was closed before. */
  onClientClosed(client: AlpnClient): void;
}

/** A connection until its handshake has said what it carries: connect timeout, accounting. */
export class AlpnClient implements ConnectionCallbacks {
  readonly opened: OpenedConnection;
  readonly breaker: CircuitBreaker;
  /** Why connecting failed; meaningful once closed. */
  failureReason: PoolFailureReason = "remoteConnectionFailure";
  transportFailureReason = "";
  readonly #host: Host;
  readonly #info: ClusterInfo;
  readonly #owner: AlpnClientOwner;
  readonly #environment: PoolEnvironment;
  readonly #timer: WheelTimer;
  #done = false;

  /** Begins to connect. `breaker` has been acquired and is released if connecting fails. */
  constructor(
    host: Host,
    info: ClusterInfo,
    breaker: CircuitBreaker,
    owner: AlpnClientOwner,
    environment: PoolEnvironment,
    wishes: ConnectionWishes | null,
  ) {
    this.#host = host;
    this.#info = info;
    this.breaker = breaker;
    this.#owner = owner;
    this.#environment = environment;
    this.opened = openConnection(host, info, environment, OFFERED_PROTOCOLS, wishes);
    this.opened.connection.start(this);
    this.#timer = environment.timers.timer(() => this.#onConnectTimeout());
    this.#timer.arm(info.connectTimeoutMs);
  }

  /** Gives up. */
  close(): void {
    this.failureReason = "localConnectionFailure";
    this.#end("localClose");
  }

  onConnected(): void {
    if (this.#done) return;
    this.#done = true;
    this.#timer.disarm();
    this.#owner.onProtocolAgreed(this, agreedProtocol(upstreamTls(this.opened.connection.socket)));
  }

  onData(): void {}

  onEndOfStream(): void {
    this.#end("remoteClose");
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    if (this.#done) return;
    this.failureReason = isLocalConnectError(reason) ? "localConnectionFailure" : "remoteConnectionFailure";
    this.transportFailureReason = connectFailureReason(reason);
    this.#end(event);
  }

  onAboveWriteBufferHighWatermark(): void {}
  onBelowWriteBufferLowWatermark(): void {}

  #onConnectTimeout(): void {
    this.#info.stats.cx.connectTimeout.inc();
    this.failureReason = "timeout";
    this.#end("localClose");
  }

  #end(event: ConnectionCloseEvent): void {
    if (this.#done) return;
    this.#done = true;
    this.#timer.disarm();
    const { cx, rq } = this.#info.stats;
    cx.destroy.inc();
    (event === "remoteClose" ? cx.destroyRemote : cx.destroyLocal).inc();
    cx.connectFail.inc();
    this.#host.stats.cxConnectFail++;
    cx.active.dec();
    this.#host.stats.cxActive--;
    cx.lengthMs.record(this.#environment.timers.clock.nowMs() - this.opened.createdAtMs);
    rq.perCx.record(0);
    this.breaker.release();
    this.opened.connection.close("noFlush");
    this.#owner.onClientClosed(this);
  }
}
