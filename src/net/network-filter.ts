import type { Connection } from "./connection.ts";
import type { ConnectionCloseEvent } from "./connection-callbacks.ts";
import type { ConnectionState } from "./connection-state.ts";
import type { ConnectionUse, StreamUse } from "./connection-use.ts";
import type { DownstreamConnectionInfo } from "./downstream-connection-info.ts";

/** What a network filter answers: go on with the next filter, or stop until `continueReading`. */
export const FilterStatus = { continue: 0, stopIteration: 1 } as const;
export type FilterStatus = (typeof FilterStatus)[keyof typeof FilterStatus];

/** What a read filter may do with its connection. Given once, before any other call. */
export interface ReadFilterCallbacks {
  readonly connection: Connection;
  readonly info: DownstreamConnectionInfo;
  /** What the connection's filters share; made on first use. */
  readonly state: ConnectionState;
  /** Whether the filter is the only one of its chain: it may read the connection in its own way (`setLoanReader`). */
  readonly isOnlyFilter: boolean;
  /** Goes on behind a filter that returned `stopIteration`, with the bytes that came since. */
  continueReading(): void;
  /** Within `onData`: the filter has taken these bytes (and their end of stream) for itself; nothing of them is held or handed on. */
  takeReadData(): void;
  /** Hands bytes to the next filter, past what may be held: for a filter that changes what it reads, and took it. */
  injectReadData(data: Buffer, endStream: boolean): void;
  /**
   * Whether the connection should be wound up at the next message boundary: its listener or filter chain drains, or the
   * worker leaves. Cheap; asked once per response.
   */
  drainClose(): boolean;
}

/** Sees what the peer sends, in the order of the configuration. Source: Envoy's `Network::ReadFilter`. */
export interface ReadFilter {
  initialize(callbacks: ReadFilterCallbacks): void;
  /** Once, before the first data. */
  onNewConnection(): FilterStatus;
  /** Bytes from the peer or the filter before; the buffer is the callee's. `endStream`: the peer's FIN, maybe without bytes. */
  onData(data: Buffer, endStream: boolean): FilterStatus;
  /** The connection is gone, whoever closed it. The last call. */
  onClose(event: ConnectionCloseEvent, reason: string): void;
  onAboveWriteBufferHighWatermark(): void;
  onBelowWriteBufferLowWatermark(): void;
  /** The listener or chain begins to drain: say so to the peer where the protocol can (idle HTTP/1: close; HTTP/2: GOAWAY). */
  onDrain(): void;
  /** The drain's patience with idle connections is over: close, unless a message is under way, which then is the last one. */
  closeIfIdle(): void;
  /** For people who ask: how the connection is used. Of a chain's filters, the last one that can tell is asked. */
  describe?(): ConnectionUse | undefined;
  /** Likewise: the requests in hand. */
  describeStreams?(): Iterable<StreamUse>;
}

/** Sees what goes to the peer, in reverse order. Source: Envoy's `Network::WriteFilter`. */
export interface WriteFilter {
  initializeWrite(callbacks: WriteFilterCallbacks): void;
  /**
   * Bytes on their way to the peer; `endStream`: our FIN follows. After `stopIteration` they go no further: the filter has them
   * and hands on what it wants to with `injectWriteData`.
   */
  onWrite(data: Buffer, endStream: boolean): FilterStatus;
}

/** What a write filter may do with its connection. Given once, before any other call. */
export interface WriteFilterCallbacks {
  readonly connection: Connection;
  /** Hands bytes to the write filters behind this one, and then to the peer. */
  injectWriteData(data: Buffer, endStream: boolean): void;
}

/** A filter that sees both directions. */
export type NetworkFilter = ReadFilter & WriteFilter;

/** Whether a filter that its factory made sees both directions. */
export function isWriteFilter(filter: ReadFilter): filter is NetworkFilter {
  return "onWrite" in filter;
}

/** Makes one connection's instance of a configured network filter. Made once per filter and worker from its data. */
export interface NetworkFilterFactory {
  /** The configured name. */
  readonly name: string;
  /** True if its filters are write filters, too. */
  readonly writes?: boolean;
  createReadFilter(): ReadFilter;
  /** Releases what the factory holds (stats, timers), when its chain has drained. */
  dispose(): void;
}
