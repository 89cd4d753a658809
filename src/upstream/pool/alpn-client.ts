import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import { upstreamTls } from "../../net/upstream-tls.ts";
import { type AgreedProtocol, agreedProtocol } from "./agreed-protocol.ts";
import type { OpenedConnection, OpenedConnectionOwner } from "./opened-connection.ts";

/** What an `AlpnClient` tells its pool: one of the two, once. */
export interface AlpnClientOwner {
  /** Connected. The connection is the owner's now; it must start it at once. */
  onProtocolAgreed(client: AlpnClient, protocol: AgreedProtocol): void;
  /** It could not connect, or was closed before. */
  onClientClosed(client: AlpnClient): void;
}

/** A connection until its handshake has said what it carries. */
export class AlpnClient implements OpenedConnectionOwner {
  readonly opened: OpenedConnection;
  readonly #owner: AlpnClientOwner;
  #done = false;

  /** `opened` is not started yet. */
  constructor(opened: OpenedConnection, owner: AlpnClientOwner) {
    this.opened = opened;
    this.#owner = owner;
    opened.start(this);
  }

  /** Gives up. */
  close(): void {
    this.opened.failureReason = "localConnectionFailure";
    this.#end("localClose");
  }

  onConnected(): void {
    if (this.#done) return;
    this.#done = true;
    this.#owner.onProtocolAgreed(this, agreedProtocol(upstreamTls(this.opened.connection.socket)));
  }

  onData(): void {}

  onEndOfStream(): void {
    this.#end("remoteClose");
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    if (this.#done) return;
    this.opened.noteConnectFailure(reason);
    this.#end(event);
  }

  onAboveWriteBufferHighWatermark(): void {}
  onBelowWriteBufferLowWatermark(): void {}

  onConnectTimeout(): void {
    this.#end("localClose");
  }

  #end(event: ConnectionCloseEvent): void {
    if (this.#done) return;
    this.#done = true;
    const { opened } = this;
    opened.noteEnd(event, false);
    opened.info.stats.rq.perCx.record(0);
    opened.connection.close("noFlush");
    this.#owner.onClientClosed(this);
  }
}
