import type { WheelTimer } from "../../base/timer-wheel.ts";
import { Connection } from "../../net/connection.ts";
import type { ConnectionCallbacks, ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { CircuitBreaker } from "../circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import { connectFailureReason, isBindError, isLocalConnectError } from "../connect/connect-error.ts";
import type { Host } from "../host.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { PoolFailureReason } from "./http-conn-pool.ts";
import type { PoolEnvironment } from "./pool-environment.ts";

/** Who has an opened connection. */
export interface OpenedConnectionOwner extends ConnectionCallbacks {
  /** `connect_timeout` has passed; it is counted and noted as the reason. The owner must end the connection. */
  onConnectTimeout(): void;
}

/**
 * A connection to a host, from the moment it is opened: what the cluster, the host and the breaker are told of it, how long connecting may
 * take, and how long it may live. Its owner says when it is connected, and when it has ended; each once.
 */
export class OpenedConnection {
  readonly id: number;
  readonly host: Host;
  readonly info: ClusterInfo;
  readonly environment: PoolEnvironment;
  readonly connection: Connection;
  readonly createdAtMs: number;
  /** Why connecting failed; meaningful once it has ended without having been connected. */
  failureReason: PoolFailureReason = "remoteConnectionFailure";
  /** The same for people; `""` if there is nothing to say. */
  transportFailureReason = "";
  readonly #breaker: CircuitBreaker;
  #owner: OpenedConnectionOwner | null = null;
  #isConnected = false;
  /** Ends connecting, or later the connection's life; null if nothing does. */
  #timer: WheelTimer | null;

  /**
   * Begins to connect. `breaker` has been acquired and is released when the connection has ended. `alpn`: what it may carry, see
   * `UpstreamConnector`.
   */
  constructor(
    host: Host,
    info: ClusterInfo,
    breaker: CircuitBreaker,
    environment: PoolEnvironment,
    alpn: string | readonly string[] | undefined,
    wishes: ConnectionWishes | null,
  ) {
    this.host = host;
    this.info = info;
    this.environment = environment;
    this.#breaker = breaker;
    this.id = environment.nextConnectionId();
    this.createdAtMs = environment.timers.clock.nowMs();
    const { cx, bytes } = info.stats;
    cx.total.inc();
    cx.active.inc();
    host.stats.cxTotal++;
    host.stats.cxActive++;
    this.connection = new Connection(environment.connect(host, info, alpn, wishes), {
      id: this.id,
      flusher: environment.flusher,
      timers: environment.timers,
      bufferLimitBytes: info.perConnectionBufferLimitBytes,
      delayedCloseTimeoutMs: 0,
      stats: bytes,
    });
    this.#timer = environment.timers.timer(() => this.#onConnectTimeout());
    this.#timer.arm(info.connectTimeoutMs);
  }

  /** Whose it is from now on: its first owner, or the one that the owner before hands it to. */
  start(owner: OpenedConnectionOwner): void {
    this.#owner = owner;
    this.connection.start(owner);
  }

  /** It is connected, and fit for what it was opened for. */
  noteConnected(): void {
    this.#isConnected = true;
    this.info.stats.cx.connectMs.record(this.#ageMs());
    this.#timer?.disarm();
    this.#timer = null;
  }

  /** Calls `onMaxDuration` when the connected connection has lasted as long as one of the cluster may, if there is such a limit. */
  limitDuration(onMaxDuration: () => void): void {
    const { maxConnectionDurationMs, stats } = this.info;
    if (maxConnectionDurationMs === 0) return;
    this.#timer = this.environment.timers.timer(() => {
      stats.cx.maxDurationReached.inc();
      onMaxDuration();
    });
    this.#timer.arm(maxConnectionDurationMs);
  }

  /** It was closed for this `reason`, the connection's, before it was connected. */
  noteConnectFailure(reason: string): void {
    this.failureReason = isLocalConnectError(reason) ? "localConnectionFailure" : "remoteConnectionFailure";
    this.transportFailureReason = connectFailureReason(reason);
    const { connectionSettings, stats } = this.info;
    if (connectionSettings.sourceAddresses.length > 0 && isBindError(reason)) stats.bindErrors.inc();
  }

  /** It has ended, or is about to be closed. `withActiveRequest`: while it carried one. */
  noteEnd(event: ConnectionCloseEvent, withActiveRequest: boolean): void {
    this.#timer?.disarm();
    const { cx } = this.info.stats;
    const isRemote = event === "remoteClose";
    cx.destroy.inc();
    (isRemote ? cx.destroyRemote : cx.destroyLocal).inc();
    if (withActiveRequest) {
      cx.destroyWithActiveRq.inc();
      (isRemote ? cx.destroyRemoteWithActiveRq : cx.destroyLocalWithActiveRq).inc();
    }
    if (!this.#isConnected) {
      cx.connectFail.inc();
      this.host.stats.cxConnectFail++;
    }
    cx.active.dec();
    this.host.stats.cxActive--;
    cx.lengthMs.record(this.#ageMs());
    this.#breaker.release();
  }

  #ageMs(): number {
    return this.environment.timers.clock.nowMs() - this.createdAtMs;
  }

  #onConnectTimeout(): void {
    this.info.stats.cx.connectTimeout.inc();
    this.failureReason = "timeout";
    this.#owner?.onConnectTimeout();
  }
}
