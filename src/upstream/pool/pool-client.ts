import type { Protocol } from "../../http/codec.ts";
import type { Connection } from "../../net/connection.ts";
import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import type { ClusterStats } from "../cluster-stats.ts";
import { type AgreedProtocol, otherProtocolReason } from "./agreed-protocol.ts";
import type { UpstreamConnectionInfo } from "./http-conn-pool.ts";
import type { OpenedConnection } from "./opened-connection.ts";

/** One connection of an HTTP pool, from connecting to its end: what its clients have in common, whichever protocol they speak. */
export abstract class PoolClient<State extends string> implements UpstreamConnectionInfo {
  readonly id: number;
  readonly opened: OpenedConnection;
  connectedAtMs = -1;
  tls: TlsConnectionInfo | null = null;
  reused = false;
  state: State | "connecting" | "closed" = "connecting";
  /** Since when no stream is on it. */
  idleSinceMs = 0;
  protected readonly connection: Connection;
  protected readonly stats: ClusterStats;
  /** How many requests it may carry in its life; 0 = any number. */
  protected readonly maxRequests: number;
  protected requestCount = 0;
  /** The codec is reading: it must not be asked for a stream, nor lose its connection. */
  protected dispatching = false;
  private localAddressText = "";

  /** `opened` is connecting or connected, and not started yet. Whoever extends this starts it, when all of it is made. */
  constructor(opened: OpenedConnection) {
    const { info, connection } = opened;
    this.id = opened.id;
    this.opened = opened;
    this.connection = connection;
    this.stats = info.stats;
    this.maxRequests = info.maxRequestsPerConnection;
    connection.useHandle();
  }

  abstract get protocol(): Protocol;
  /** The connection is there. Repeated calls do nothing. */
  abstract onConnected(): void;
  /** Closes as soon as no stream needs it. A connecting client goes on. */
  abstract drain(): void;
  /** Ends it, unless it has ended. */
  protected abstract end(event: ConnectionCloseEvent): void;

  get localAddress(): string {
    if (this.localAddressText === "") this.localAddressText = this.connection.localAddress;
    return this.localAddressText;
  }

  /** Closes now. Streams that it carries are reset. */
  close(): void {
    if (this.state === "closed") return;
    this.opened.failureReason = "localConnectionFailure";
    this.end("localClose");
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    if (this.state === "connecting") this.opened.noteConnectFailure(reason);
    this.end(event);
  }

  onConnectTimeout(): void {
    this.end("localClose");
  }

  /** It is connected. False if it is no use: the host has chosen another protocol, and the client has ended. */
  protected noteConnected(protocol: AgreedProtocol): boolean {
    const { opened } = this;
    this.connectedAtMs = opened.environment.timers.clock.nowMs();
    this.tls = upstreamTls(this.connection.socket);
    opened.transportFailureReason = otherProtocolReason(opened.info, this.tls, protocol);
    if (opened.transportFailureReason !== "") {
      this.end("localClose");
      return false;
    }
    opened.noteConnected();
    opened.limitDuration(() => this.drain());
    return true;
  }

  /** Counts a request. True if it is the last that the connection may carry. */
  protected noteRequest(): boolean {
    if (++this.requestCount !== this.maxRequests) return false;
    this.stats.cx.maxRequests.inc();
    return true;
  }

  /** It has ended, in the state that is answered: puts what it did on record. `withActiveRequest`: while it carried one. */
  protected noteEnd(event: ConnectionCloseEvent, withActiveRequest: boolean): State | "connecting" | "closed" {
    const before = this.state;
    this.state = "closed";
    this.opened.noteEnd(event, withActiveRequest);
    this.stats.rq.perCx.record(this.requestCount);
    return before;
  }
}
