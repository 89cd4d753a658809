import type { Connection } from "../../net/connection.ts";
import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import type { CircuitBreakers } from "../circuit-breaker/circuit-breaker.ts";
import type { OpenedConnection, OpenedConnectionOwner } from "./opened-connection.ts";
import type { PendingTcpConnection, TcpPoolCallbacks, TcpUpstream, TcpUpstreamCallbacks } from "./tcp-upstream.ts";

/** What a client tells its pool. */
export interface TcpClientOwner {
  /** Gone for good, its accounting done. */
  onTcpClientClosed(client: TcpClient): void;
}

/** One connection of a TCP pool, from connecting to its end. It counts as a request, too. */
export class TcpClient implements TcpUpstream, PendingTcpConnection, OpenedConnectionOwner {
  readonly connection: Connection;
  connectedAtMs = -1;
  tls: TlsConnectionInfo | null = null;
  readonly #opened: OpenedConnection;
  readonly #breakers: Pick<CircuitBreakers, "pendingRequests" | "requests">;
  readonly #owner: TcpClientOwner;
  #waiting: TcpPoolCallbacks | null;
  #callbacks: TcpUpstreamCallbacks | null = null;
  #state: "connecting" | "connected" | "closed" = "connecting";

  /** `opened` is connecting, and not started yet. A pending request has been acquired of `breakers`. */
  constructor(
    opened: OpenedConnection,
    breakers: Pick<CircuitBreakers, "pendingRequests" | "requests">,
    callbacks: TcpPoolCallbacks,
    owner: TcpClientOwner,
  ) {
    this.#opened = opened;
    this.#breakers = breakers;
    this.#waiting = callbacks;
    this.#owner = owner;
    const { rq } = opened.info.stats;
    rq.pendingTotal.inc();
    rq.pendingActive.inc();
    this.connection = opened.connection;
    opened.start(this);
  }

  setCallbacks(callbacks: TcpUpstreamCallbacks): void {
    this.#callbacks = callbacks;
  }

  cancel(): void {
    if (this.#state !== "connecting") return;
    this.#waiting = null;
    this.#opened.info.stats.rq.cancelled.inc();
    this.close();
  }

  /** Closes now; its user is told. */
  close(): void {
    if (this.#state === "connecting") {
      this.#opened.failureReason = "localConnectionFailure";
      this.#failConnecting("localClose");
    } else if (this.#state === "connected") this.connection.close("noFlush");
  }

  onConnected(): void {
    if (this.#state !== "connecting") return;
    const { info, host, environment } = this.#opened;
    const { rq } = info.stats;
    this.#leavePending();
    this.#state = "connected";
    this.connectedAtMs = environment.timers.clock.nowMs();
    this.tls = upstreamTls(this.connection.socket);
    this.#opened.noteConnected();
    rq.total.inc();
    rq.active.inc();
    host.stats.rqTotal++;
    host.stats.rqActive++;
    this.#breakers.requests.acquire();
    const waiting = this.#waiting!;
    this.#waiting = null;
    waiting.onTcpPoolReady(this, host);
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

  onConnectTimeout(): void {
    this.connection.inEvent(() => this.#failConnecting("localClose"));
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    if (this.#state === "connecting") {
      this.#opened.noteConnectFailure(reason);
      this.#failConnecting(event);
      return;
    }
    if (this.#state === "closed") return;
    this.#state = "closed";
    const { info, host } = this.#opened;
    info.stats.rq.active.dec();
    host.stats.rqActive--;
    this.#breakers.requests.release();
    this.#opened.noteEnd(event, true);
    this.#owner.onTcpClientClosed(this);
    this.#callbacks?.onClose(event, reason);
  }

  #failConnecting(event: ConnectionCloseEvent): void {
    this.#state = "closed";
    this.#leavePending();
    this.#opened.noteEnd(event, false);
    this.connection.close("noFlush");
    this.#owner.onTcpClientClosed(this);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    const { info, host, failureReason, transportFailureReason } = this.#opened;
    info.stats.rq.pendingFailureEject.inc();
    waiting.onTcpPoolFailure(failureReason, transportFailureReason, host);
  }

  #leavePending(): void {
    this.#opened.info.stats.rq.pendingActive.dec();
    this.#breakers.pendingRequests.release();
  }
}
