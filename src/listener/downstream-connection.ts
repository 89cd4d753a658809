import { Buffer } from "node:buffer";
import type { Connection, ConnectionCallbacks, ConnectionCloseEvent } from "../net/connection.ts";
import { ConnectionState } from "../net/connection-state.ts";
import type { DownstreamConnectionInfo } from "../net/downstream-connection-info.ts";
import type { ReadFilter, ReadFilterCallbacks } from "../net/network-filter.ts";
import { NetworkFilterManager } from "./network-filter-manager.ts";

const NO_BYTES = Buffer.alloc(0);

/** The filter chain of a connection, as far as the connection needs it. */
export interface ConnectionChain {
  readonly data: { readonly name: string };
  drainClose(): boolean;
  /** The connection is gone; the last call. */
  connectionClosed(connection: DownstreamConnection): void;
}

/**
 * An accepted connection: what its filters ask about it, and the way of its events to the first filter. One object in
 * all these roles, because there are tens of thousands of them and most are idle.
 */
export class DownstreamConnection implements ConnectionCallbacks, ReadFilterCallbacks, DownstreamConnectionInfo {
  readonly connection: Connection;
  readonly chain: ConnectionChain;
  readonly acceptedAtMs: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Whether `onDrain` has been called on its filter. */
  drainTold = false;
  private readonly filter: ReadFilter;
  private ownState: ConnectionState | null = null;

  constructor(
    connection: Connection,
    chain: ConnectionChain,
    filter: ReadFilter,
    localAddress: string,
    acceptedAtMs: number,
  ) {
    this.connection = connection;
    this.chain = chain;
    this.filter = filter;
    this.remoteAddress = connection.remoteAddress;
    this.localAddress = localAddress;
    this.acceptedAtMs = acceptedAtMs;
  }

  get info(): DownstreamConnectionInfo {
    return this;
  }

  get state(): ConnectionState {
    this.ownState ??= new ConnectionState();
    return this.ownState;
  }

  get isOnlyFilter(): boolean {
    return !(this.filter instanceof NetworkFilterManager);
  }

  get connectionId(): number {
    return this.connection.id;
  }

  get directRemoteAddress(): string {
    return this.remoteAddress;
  }

  get requestedServerName(): string {
    return "";
  }

  get filterChainName(): string {
    return this.chain.data.name;
  }

  get isTls(): boolean {
    return false;
  }

  get alpnProtocol(): string {
    return "";
  }

  /** Shows the connection to its filters and starts reading. */
  start(): void {
    this.filter.initialize(this);
    this.filter.onNewConnection();
    this.connection.start(this);
  }

  /** The only or the first filter stopped: nothing stands behind it here. */
  continueReading(): void {}

  takeReadData(): void {}

  injectReadData(): void {}

  drainClose(): boolean {
    return this.chain.drainClose();
  }

  /** Tells the filters, once, that the chain drains. */
  tellDrain(): void {
    if (this.drainTold) return;
    this.drainTold = true;
    this.filter.onDrain();
  }

  /** Closes the connection unless a message is under way. */
  closeIfIdle(): void {
    this.connection.inEvent(() => this.filter.closeIfIdle());
  }

  onConnected(): void {}

  onData(data: Buffer): void {
    this.filter.onData(data, false);
  }

  onEndOfStream(): void {
    this.filter.onData(NO_BYTES, true);
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    try {
      this.filter.onClose(event, reason);
    } finally {
      this.chain.connectionClosed(this);
    }
  }

  onAboveWriteBufferHighWatermark(): void {
    this.filter.onAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.filter.onBelowWriteBufferLowWatermark();
  }
}
