import { Buffer } from "node:buffer";
import { formatAddress } from "../net/address.ts";
import type { Connection } from "../net/connection.ts";
import type { ConnectionCallbacks, ConnectionCloseEvent } from "../net/connection-callbacks.ts";
import { ConnectionState } from "../net/connection-state.ts";
import type { ConnectionUse, StreamUse } from "../net/connection-use.ts";
import type { DownstreamConnectionInfo } from "../net/downstream-connection-info.ts";
import type { InspectedConnection } from "../net/inspected-connection.ts";
import type { ReadFilter, ReadFilterCallbacks } from "../net/network-filter.ts";
import type { TlsConnectionInfo } from "../net/tls-connection-info.ts";
import { NetworkFilterManager } from "./filter-chain/network-filter-manager.ts";
import { isHandshakeFailure } from "./handshake-failure.ts";

const NO_BYTES = Buffer.alloc(0);
const NO_STREAMS: readonly StreamUse[] = [];

/** The filter chain of a connection, as far as the connection needs it. */
export interface ConnectionChain {
  readonly data: { readonly name: string };
  drainClose(): boolean;
  /** Its TLS handshake failed, by Node's error code; `connectionClosed` follows. */
  handshakeFailed(connection: DownstreamConnection, code: string): void;
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
  /** Of a connection with TLS, once its handshake is over. */
  tls: TlsConnectionInfo | null = null;
  private readonly filter: ReadFilter;
  private started = false;
  private reading = false;
  private ownState: ConnectionState | null = null;
  private readonly inspected: InspectedConnection | null;

  constructor(
    connection: Connection,
    chain: ConnectionChain,
    filter: ReadFilter,
    localAddress: string,
    acceptedAtMs: number,
    inspected: InspectedConnection | null = null,
  ) {
    this.connection = connection;
    this.chain = chain;
    this.filter = filter;
    const remote = inspected === null ? null : inspected.remoteAddress;
    const local = inspected === null ? null : inspected.localAddress;
    this.remoteAddress = remote === null ? connection.remoteAddress : formatAddress(remote);
    this.localAddress = local === null ? localAddress : formatAddress(local);
    this.inspected = inspected;
    if (inspected !== null) this.ownState = inspected.stateIfAny;
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
    return this.inspected === null || this.inspected.remoteAddress === null
      ? this.remoteAddress
      : this.connection.remoteAddress;
  }

  get directLocalAddress(): string {
    return this.inspected === null || this.inspected.localAddress === null
      ? this.localAddress
      : this.connection.localAddress;
  }

  get requestedServerName(): string {
    if (this.tls !== null) return this.tls.serverName;
    return this.inspected === null ? "" : this.inspected.serverName;
  }

  get stateIfAny(): ConnectionState | null {
    return this.ownState;
  }

  get ja3(): string {
    return this.inspected === null ? "" : this.inspected.ja3;
  }

  get ja4(): string {
    return this.inspected === null ? "" : this.inspected.ja4;
  }

  get alpnProtocol(): string {
    return this.tls === null ? "" : this.tls.alpnProtocol;
  }

  get filterChainName(): string {
    return this.chain.data.name;
  }

  get isTls(): boolean {
    return this.tls !== null;
  }

  /** Reads for the sake of a handshake, and notes if the connection ends in it. `start` follows when it is over. */
  awaitHandshake(): void {
    this.reading = true;
    this.connection.start(this);
  }

  /** Shows the connection to its filters and starts reading. */
  start(): void {
    this.started = true;
    this.filter.initialize(this);
    this.filter.onNewConnection();
    if (!this.reading) this.connection.start(this);
  }

  /** The only or the first filter stopped: nothing stands behind it here. */
  continueReading(): void {}

  takeReadData(): void {}

  injectReadData(): void {}

  drainClose(): boolean {
    return this.chain.drainClose();
  }

  /** What its filters tell of it; undefined if they can't, or during a handshake. */
  use(): ConnectionUse | undefined {
    return this.started ? this.filter.describe?.() : undefined;
  }

  /** The requests in hand. */
  streams(): Iterable<StreamUse> {
    return this.started ? (this.filter.describeStreams?.() ?? NO_STREAMS) : NO_STREAMS;
  }

  /** Tells the filters, once, that the chain drains. */
  tellDrain(): void {
    if (this.drainTold) return;
    this.drainTold = true;
    if (this.started) this.filter.onDrain();
  }

  /** Closes the connection unless a message is under way. */
  closeIfIdle(): void {
    if (!this.started) {
      this.connection.close("noFlush");
      return;
    }
    this.connection.inEvent(() => this.filter.closeIfIdle());
  }

  onConnected(): void {}

  onData(data: Buffer): void {
    if (this.started) this.filter.onData(data, false);
  }

  onEndOfStream(): void {
    if (this.started) this.filter.onData(NO_BYTES, true);
    else this.connection.close("noFlush");
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    try {
      if (this.started) this.filter.onClose(event, reason);
      else if (isHandshakeFailure(reason)) this.chain.handshakeFailed(this, reason);
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
