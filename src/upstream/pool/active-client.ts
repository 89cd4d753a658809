import type { Socket } from "node:net";
import type { WheelTimer } from "../../base/timer-wheel.ts";
import {
  type ClientConnection,
  CodecError,
  type Protocol,
  type RequestEncoder,
  type ResponseDecoder,
} from "../../http/codec.ts";
import type { Connection, ConnectionCallbacks, ConnectionCloseEvent } from "../../net/connection.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import type { CircuitBreaker } from "../circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { ClusterStats } from "../cluster-stats.ts";
import { connectFailureReason, isLocalConnectError } from "../connect/connect-error.ts";
import type { Host } from "../host.ts";
import { otherProtocolReason } from "./agreed-protocol.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { PoolFailureReason, UpstreamConnectionInfo } from "./http-conn-pool.ts";
import { type OpenedConnection, openConnection } from "./opened-connection.ts";
import type { ClientCodecHost, PoolEnvironment } from "./pool-environment.ts";

/** `busy` carries a stream; `ready` waits for one in the pool's list. */
export type ActiveClientState = "connecting" | "ready" | "busy" | "closed";

/** What a client tells its pool. */
export interface ActiveClientOwner {
  /** Connected, or done with a stream, and fit for another one. */
  onClientUsable(client: ActiveClient): void;
  /** The stream is over, however it ended. Comes before `onClientUsable` or `onClientClosed`. */
  onStreamEnded(client: ActiveClient): void;
  /** About to end, its accounting done: it must not be offered to anyone any more. `before` is the state it was in. */
  onClientLeaving(client: ActiveClient, before: ActiveClientState): void;
  /** Gone for good, and its stream with it. */
  onClientClosed(client: ActiveClient, before: ActiveClientState): void;
}

/** One HTTP/1 connection of a pool, from connecting to its end: codec, timers, accounting. One stream at a time. */
export class ActiveClient implements UpstreamConnectionInfo, ConnectionCallbacks, ClientCodecHost {
  readonly id: number;
  readonly host: Host;
  connectedAtMs = -1;
  tls: TlsConnectionInfo | null = null;
  reused = false;
  state: ActiveClientState = "connecting";
  /** Since when it waits for a stream. */
  idleSinceMs = 0;
  /** @internal Links of `ReadyClients`. */
  newer: ActiveClient | null = null;
  /** @internal */
  older: ActiveClient | null = null;
  /** Why connecting failed; meaningful once closed before it was connected. */
  failureReason: PoolFailureReason = "remoteConnectionFailure";
  transportFailureReason = "";

  private readonly owner: ActiveClientOwner;
  private readonly info: ClusterInfo;
  private readonly environment: PoolEnvironment;
  private readonly stats: ClusterStats;
  private readonly breaker: CircuitBreaker;
  private readonly connection: Connection;
  private readonly socket: Socket;
  private readonly codec: ClientConnection;
  private readonly createdAtMs: number;
  private readonly maxRequests: number;
  private readonly maxDurationMs: number;
  private encoder: RequestEncoder | null = null;
  private requestCount = 0;
  /** No stream may follow the present one. */
  private closing = false;
  private dispatching = false;
  private streamEnded = false;
  /** The last stream was cut short: if the connection ends now, it ends with a request on it. */
  private streamWasReset = false;
  private localAddressText = "";
  private timer: WheelTimer | null;

  /**
   * Begins to connect; with `adopted`, which is connected, `onConnected` is to be called. `breaker` has been acquired and is released when the
   * client closes.
   */
  constructor(
    host: Host,
    info: ClusterInfo,
    breaker: CircuitBreaker,
    owner: ActiveClientOwner,
    environment: PoolEnvironment,
    wishes: ConnectionWishes | null = null,
    adopted: OpenedConnection | null = null,
  ) {
    this.host = host;
    this.owner = owner;
    this.info = info;
    this.environment = environment;
    this.stats = info.stats;
    this.breaker = breaker;
    this.maxRequests = info.maxRequestsPerConnection;
    this.maxDurationMs = info.maxConnectionDurationMs;
    this.stats.cx.http1Total.inc();
    const opened = adopted ?? openConnection(host, info, environment, "http/1.1", wishes);
    this.id = opened.id;
    this.createdAtMs = opened.createdAtMs;
    this.connection = opened.connection;
    this.socket = opened.connection.socket;
    this.codec = environment.createCodec(this.connection, this, info);
    this.connection.start(this);
    this.timer = environment.timers.timer(() => this.#onConnectTimeout());
    this.timer.arm(info.connectTimeoutMs);
  }

  get protocol(): Protocol {
    return this.codec.protocol;
  }

  get localAddress(): string {
    if (this.localAddressText === "") this.localAddressText = this.connection.localAddress;
    return this.localAddressText;
  }

  /** Starts a stream; the client must be ready, and out of the list of ready ones. */
  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.state = "busy";
    if (++this.requestCount === this.maxRequests) {
      this.stats.cx.maxRequests.inc();
      this.closing = true;
    }
    const encoder = this.codec.newStream(decoder);
    this.encoder = encoder;
    return encoder;
  }

  /** Closes as soon as no stream needs it: now, or when the present one ends. A connecting client goes on. */
  drain(): void {
    if (this.state === "ready") this.close();
    else this.closing = this.closing || this.state === "busy";
  }

  /** Closes now. A stream that it carries is reset. */
  close(): void {
    if (this.state === "closed") return;
    this.failureReason = "localConnectionFailure";
    this.#end("localClose");
  }

  onConnected(): void {
    if (this.state !== "connecting") return;
    const nowMs = this.environment.timers.clock.nowMs();
    this.connectedAtMs = nowMs;
    this.tls = upstreamTls(this.socket);
    this.transportFailureReason = otherProtocolReason(this.info, this.tls, "http1");
    if (this.transportFailureReason !== "") {
      this.#end("localClose");
      return;
    }
    this.stats.cx.connectMs.record(nowMs - this.createdAtMs);
    this.timer?.disarm();
    this.timer = null;
    if (this.maxDurationMs > 0) {
      this.timer = this.environment.timers.timer(() => this.#onMaxDuration());
      this.timer.arm(this.maxDurationMs);
    }
    this.owner.onClientUsable(this);
  }

  onData(data: Buffer): void {
    const hadStream = this.encoder !== null;
    this.dispatching = true;
    try {
      this.codec.dispatch(data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#onProtocolError(data, hadStream);
      return;
    } finally {
      this.dispatching = false;
    }
    if (this.streamEnded) this.#afterStream();
  }

  onEndOfStream(): void {
    if (this.state === "closed") return;
    this.dispatching = true;
    try {
      this.codec.onRemoteClose();
    } finally {
      this.dispatching = false;
    }
    this.#end("remoteClose");
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    if (this.state === "closed") return;
    if (this.state === "connecting") {
      this.failureReason = isLocalConnectError(reason) ? "localConnectionFailure" : "remoteConnectionFailure";
      this.transportFailureReason = connectFailureReason(reason);
    }
    this.#end(event);
  }

  onAboveWriteBufferHighWatermark(): void {
    this.codec.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.codec.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  }

  onStreamComplete(reusable: boolean, wasReset: boolean): void {
    if (this.encoder === null) return;
    this.encoder = null;
    if (wasReset) this.streamWasReset = true;
    else this.reused = true;
    this.owner.onStreamEnded(this);
    // While bytes are still being decoded no new stream may start: what is left of them would become its response.
    this.streamEnded = true;
    if (!reusable) {
      this.closing = true;
      if (!wasReset) this.stats.cx.closeNotify.inc();
    }
    if (!this.dispatching) this.#afterStream();
  }

  /** HTTP/2 only. */
  onGoAway(): void {}

  /** For the codec. */
  readDisable(disable: boolean): void {
    this.connection.readDisable(disable);
  }

  /** For the codec. */
  closeWrite(): void {
    this.connection.closeWrite();
  }

  /** What follows a stream, when nothing of it is on the stack any more. */
  #afterStream(): void {
    this.streamEnded = false;
    if (this.state === "closed") return;
    if (this.closing || !this.connection.isOpen) {
      this.#end("localClose");
      return;
    }
    this.streamWasReset = false;
    this.owner.onClientUsable(this);
  }

  #onProtocolError(data: Buffer, hadStream: boolean): void {
    // A server that closes an idle connection may say 408 first; that is no fault.
    if (hadStream || !isRequestTimeout(data)) this.stats.cx.protocolError.inc();
    this.#end("localClose");
  }

  #onConnectTimeout(): void {
    this.stats.cx.connectTimeout.inc();
    this.failureReason = "timeout";
    this.#end("localClose");
  }

  #onMaxDuration(): void {
    this.stats.cx.maxDurationReached.inc();
    this.drain();
  }

  #end(event: ConnectionCloseEvent): void {
    if (this.state === "closed") return;
    const before = this.state;
    this.state = "closed";
    this.timer?.disarm();
    this.#account(event, before, this.encoder !== null || this.streamWasReset);
    this.owner.onClientLeaving(this, before);
    this.connection.close("noFlush");
    this.encoder?.stream.reset("connection termination");
    this.owner.onClientClosed(this, before);
  }

  #account(event: ConnectionCloseEvent, before: ActiveClientState, withActiveRequest: boolean): void {
    const cx = this.stats.cx;
    const isRemote = event === "remoteClose";
    cx.destroy.inc();
    (isRemote ? cx.destroyRemote : cx.destroyLocal).inc();
    if (withActiveRequest) {
      cx.destroyWithActiveRq.inc();
      (isRemote ? cx.destroyRemoteWithActiveRq : cx.destroyLocalWithActiveRq).inc();
    }
    if (before === "connecting") {
      cx.connectFail.inc();
      this.host.stats.cxConnectFail++;
    }
    cx.active.dec();
    this.host.stats.cxActive--;
    cx.lengthMs.record(this.environment.timers.clock.nowMs() - this.createdAtMs);
    this.stats.rq.perCx.record(this.requestCount);
    this.breaker.release();
  }
}

function isRequestTimeout(data: Buffer): boolean {
  return /^HTTP\/1\.[01] 408/.test(data.toString("latin1", 0, 12));
}
