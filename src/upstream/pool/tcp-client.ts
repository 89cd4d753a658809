import type { Socket } from "node:net";
import type { WheelTimer } from "../../base/timer-wheel.ts";
import { Connection, type ConnectionCallbacks, type ConnectionCloseEvent } from "../../net/connection.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import type { CircuitBreakers } from "../circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { ClusterStats } from "../cluster-stats.ts";
import { connectFailureReason, isLocalConnectError } from "../connect/connect-error.ts";
import type { Host } from "../host.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { PoolFailureReason } from "./http-conn-pool.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { PendingTcpConnection, TcpPoolCallbacks, TcpUpstream, TcpUpstreamCallbacks } from "./tcp-upstream.ts";

/** What a client tells its pool. */
export interface TcpClientOwner {
  /** Gone for good, its accounting done. */
  onTcpClientClosed(client: TcpClient): void;
}

/** One connection of a TCP pool, from connecting to its end: connect timeout and accounting. */
export class TcpClient implements TcpUpstream, PendingTcpConnection, ConnectionCallbacks {
  readonly connection: Connection;
  connectedAtMs = -1;
  tls: TlsConnectionInfo | null = null;
  readonly #socket: Socket;
  readonly #host: Host;
  readonly #stats: ClusterStats;
  readonly #breakers: Pick<CircuitBreakers, "connections" | "pendingRequests" | "requests">;
  readonly #owner: TcpClientOwner;
  readonly #environment: PoolEnvironment;
  readonly #createdAtMs: number;
  readonly #timer: WheelTimer;
  #waiting: TcpPoolCallbacks | null;
  #callbacks: TcpUpstreamCallbacks | null = null;
  #state: "connecting" | "connected" | "closed" = "connecting";

  /** Begins to connect. A connection and a pending request have been acquired of `breakers`. */
  constructor(
    host: Host,
    info: ClusterInfo,
    breakers: Pick<CircuitBreakers, "connections" | "pendingRequests" | "requests">,
    callbacks: TcpPoolCallbacks,
    owner: TcpClientOwner,
    environment: PoolEnvironment,
    wishes: ConnectionWishes | null = null,
  ) {
    this.#host = host;
    this.#stats = info.stats;
    this.#breakers = breakers;
    this.#waiting = callbacks;
    this.#owner = owner;
    this.#environment = environment;
    this.#createdAtMs = environment.timers.clock.nowMs();
    this.#stats.cx.total.inc();
    this.#stats.cx.active.inc();
    this.#stats.rq.pendingTotal.inc();
    this.#stats.rq.pendingActive.inc();
    host.stats.cxTotal++;
    host.stats.cxActive++;
    this.#socket = environment.connect(host, info, undefined, wishes);
    this.connection = new Connection(this.#socket, {
      id: environment.nextConnectionId(),
      flusher: environment.flusher,
      timers: environment.timers,
      bufferLimitBytes: info.perConnectionBufferLimitBytes,
      delayedCloseTimeoutMs: 0,
      stats: info.stats.bytes,
    });
    this.connection.start(this);
    this.#timer = environment.timers.timer(() => this.#onConnectTimeout());
    this.#timer.arm(info.connectTimeoutMs);
  }

  setCallbacks(callbacks: TcpUpstreamCallbacks): void {
    this.#callbacks = callbacks;
  }

  cancel(): void {
    if (this.#state !== "connecting") return;
    this.#waiting = null;
    this.#stats.rq.cancelled.inc();
    this.close();
  }

  /** Closes now; its user is told. */
  close(): void {
    if (this.#state === "connecting") this.#failConnecting("localConnectionFailure", "");
    else if (this.#state === "connected") this.connection.close("noFlush");
  }

  onConnected(): void {
    if (this.#state !== "connecting") return;
    const { cx, rq } = this.#stats;
    const nowMs = this.#environment.timers.clock.nowMs();
    this.#timer.disarm();
    this.#leavePending();
    this.#state = "connected";
    this.connectedAtMs = nowMs;
    this.tls = upstreamTls(this.#socket);
    cx.connectMs.record(nowMs - this.#createdAtMs);
    rq.total.inc();
    rq.active.inc();
    this.#host.stats.rqTotal++;
    this.#host.stats.rqActive++;
    this.#breakers.requests.acquire();
    const waiting = this.#waiting!;
    this.#waiting = null;
    waiting.onTcpPoolReady(this, this.#host);
  }

  onData(data: Buffer): void {
    this.#callbacks?.onData(data);
  }

  onEndOfStream(): void {
    // Before it is connected, the socket's close says the same.
    this.#callbacks?.onEndOfStream();
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#callbacks?.onAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#callbacks?.onBelowWriteBufferLowWatermark();
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    if (this.#state === "connecting") {
      const failure = isLocalConnectError(reason) ? "localConnectionFailure" : "remoteConnectionFailure";
      this.#failConnecting(failure, connectFailureReason(reason), event);
      return;
    }
    if (this.#state === "closed") return;
    this.#state = "closed";
    const { cx, rq } = this.#stats;
    rq.active.dec();
    this.#host.stats.rqActive--;
    this.#breakers.requests.release();
    cx.destroyWithActiveRq.inc();
    (event === "remoteClose" ? cx.destroyRemoteWithActiveRq : cx.destroyLocalWithActiveRq).inc();
    this.#account(event);
    this.#owner.onTcpClientClosed(this);
    this.#callbacks?.onClose(event, reason);
  }

  #onConnectTimeout(): void {
    this.#stats.cx.connectTimeout.inc();
    this.connection.inEvent(() => this.#failConnecting("timeout", ""));
  }

  #failConnecting(reason: PoolFailureReason, transportFailureReason: string, event?: ConnectionCloseEvent): void {
    this.#state = "closed";
    this.#timer.disarm();
    this.#leavePending();
    this.#stats.cx.connectFail.inc();
    this.#host.stats.cxConnectFail++;
    this.#account(event ?? "localClose");
    this.connection.close("noFlush");
    this.#owner.onTcpClientClosed(this);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    this.#stats.rq.pendingFailureEject.inc();
    waiting.onTcpPoolFailure(reason, transportFailureReason, this.#host);
  }

  #leavePending(): void {
    this.#stats.rq.pendingActive.dec();
    this.#breakers.pendingRequests.release();
  }

  #account(event: ConnectionCloseEvent): void {
    const { cx } = this.#stats;
    cx.destroy.inc();
    (event === "remoteClose" ? cx.destroyRemote : cx.destroyLocal).inc();
    cx.active.dec();
    this.#host.stats.cxActive--;
    cx.lengthMs.record(this.#environment.timers.clock.nowMs() - this.#createdAtMs);
    this.#breakers.connections.release();
  }
}
