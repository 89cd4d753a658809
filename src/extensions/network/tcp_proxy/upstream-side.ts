import type { ConnectionCloseEvent } from "../../../net/connection-callbacks.ts";
import type { TcpUpstreamCallbacks } from "../../../upstream/pool/tcp-upstream.ts";

/** What a TCP proxy does with the events of its upstream connection. */
export interface UpstreamSideOwner {
  onUpstreamData(data: Buffer): void;
  onUpstreamEnd(): void;
  onUpstreamClose(event: ConnectionCloseEvent, reason: string): void;
  onUpstreamBackedUp(backedUp: boolean): void;
}

/** Gives the events of the upstream connection names of their own: those of the client's connection are called the same. */
export class UpstreamSide implements TcpUpstreamCallbacks {
  readonly #owner: UpstreamSideOwner;

  constructor(owner: UpstreamSideOwner) {
    this.#owner = owner;
  }

  onData(data: Buffer): void {
    this.#owner.onUpstreamData(data);
  }
  onEndOfStream(): void {
    this.#owner.onUpstreamEnd();
  }
  onClose(event: ConnectionCloseEvent, reason: string): void {
    this.#owner.onUpstreamClose(event, reason);
  }
  onAboveWriteBufferHighWatermark(): void {
    this.#owner.onUpstreamBackedUp(true);
  }
  onBelowWriteBufferLowWatermark(): void {
    this.#owner.onUpstreamBackedUp(false);
  }
}
