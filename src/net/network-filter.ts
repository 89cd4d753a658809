import type { Connection, ConnectionCloseEvent } from "./connection.ts";
import type { DownstreamConnectionInfo } from "./downstream-connection-info.ts";

/** What a network filter answers: go on with the next filter, or stop until `continueReading`. */
export const FilterStatus = { continue: 0, stopIteration: 1 } as const;
export type FilterStatus = (typeof FilterStatus)[keyof typeof FilterStatus];

/** What a read filter may do with its connection. Given once, before any other call. */
export interface ReadFilterCallbacks {
  readonly connection: Connection;
  readonly info: DownstreamConnectionInfo;
  /** Goes on behind a filter that returned `stopIteration`, with the bytes that came since. */
  continueReading(): void;
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
}

/** Sees what goes to the peer, in reverse order. Source: Envoy's `Network::WriteFilter`. */
export interface WriteFilter {
  onWrite(data: Buffer, endStream: boolean): FilterStatus;
}

/** Makes one connection's instance of a configured network filter. Made once per filter and worker from its data. */
export interface NetworkFilterFactory {
  /** The configured name. */
  readonly name: string;
  createReadFilter(): ReadFilter;
  /** Releases what the factory holds (stats, timers), when its chain has drained. */
  dispose(): void;
}
