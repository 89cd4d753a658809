import {
  type ClientConnection,
  CodecError,
  type Protocol,
  type RequestEncoder,
  type ResponseDecoder,
} from "../../http/codec.ts";
import type { Connection } from "../../net/connection.ts";
import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import type { ClusterStats } from "../cluster-stats.ts";
import { otherProtocolReason } from "./agreed-protocol.ts";
import type { UpstreamConnectionInfo } from "./http-conn-pool.ts";
import type { OpenedConnection, OpenedConnectionOwner } from "./opened-connection.ts";
import type { ClientCodecHost } from "./pool-environment.ts";

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

/** One HTTP/1 connection of a pool, from connecting to its end, with its codec. One stream at a time. */
export class ActiveClient implements UpstreamConnectionInfo, OpenedConnectionOwner, ClientCodecHost {
  readonly id: number;
  readonly opened: OpenedConnection;
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

  private readonly owner: ActiveClientOwner;
  private readonly stats: ClusterStats;
  private readonly connection: Connection;
  private readonly codec: ClientConnection;
  private readonly maxRequests: number;
  private encoder: RequestEncoder | null = null;
  private requestCount = 0;
  /** No stream may follow the present one. */
  private closing = false;
  private dispatching = false;
  private streamEnded = false;
  /** The last stream was cut short: if the connection ends now, it ends with a request on it. */
  private streamWasReset = false;
  private localAddressText = "";

  /** `opened` is connecting or connected, and not started yet; if it is connected, `onConnected` is to be called. */
  constructor(opened: OpenedConnection, owner: ActiveClientOwner) {
    const { info, environment } = opened;
    this.id = opened.id;
    this.opened = opened;
    this.owner = owner;
    this.stats = info.stats;
    this.maxRequests = info.maxRequestsPerConnection;
    this.stats.cx.http1Total.inc();
    this.connection = opened.connection;
    this.codec = environment.createCodec(this.connection, this, info);
    this.connection.useHandle();
    opened.start(this);
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
    this.opened.failureReason = "localConnectionFailure";
    this.#end("localClose");
  }

  onConnected(): void {
    if (this.state !== "connecting") return;
    const { opened } = this;
    this.connectedAtMs = opened.environment.timers.clock.nowMs();
    this.tls = upstreamTls(this.connection.socket);
    opened.transportFailureReason = otherProtocolReason(opened.info, this.tls, "http1");
    if (opened.transportFailureReason !== "") {
      this.#end("localClose");
      return;
    }
    opened.noteConnected();
    opened.limitDuration(() => this.drain());
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
    if (this.state === "connecting") this.opened.noteConnectFailure(reason);
    this.#end(event);
  }

  onConnectTimeout(): void {
    this.#end("localClose");
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

  #end(event: ConnectionCloseEvent): void {
    if (this.state === "closed") return;
    const before = this.state;
    this.state = "closed";
    this.opened.noteEnd(event, this.encoder !== null || this.streamWasReset);
    this.stats.rq.perCx.record(this.requestCount);
    this.owner.onClientLeaving(this, before);
    this.connection.close("noFlush");
    this.encoder?.stream.reset("connection termination");
    this.owner.onClientClosed(this, before);
  }
}

function isRequestTimeout(data: Buffer): boolean {
  return /^HTTP\/1\.[01] 408/.test(data.toString("latin1", 0, 12));
}
