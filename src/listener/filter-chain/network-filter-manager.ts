import { Buffer } from "node:buffer";
import type { Connection } from "../../net/connection.ts";
import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { ConnectionState } from "../../net/connection-state.ts";
import type { ConnectionUse, StreamUse } from "../../net/connection-use.ts";
import type { DownstreamConnectionInfo } from "../../net/downstream-connection-info.ts";
import { FilterStatus, isWriteFilter, type ReadFilter, type ReadFilterCallbacks } from "../../net/network-filter.ts";
import { WriteFilterChain } from "./write-filter-chain.ts";

const NO_BYTES = Buffer.alloc(0);

/**
 * Several network filters that look like one to their connection. Bytes go through them in order; what a filter stops
 * waits behind it until it continues. While more than the connection's buffer limit waits, the connection is not read.
 * Those that are write filters, too, get what is written, in reverse order. A chain with a single filter that only reads does without it. Source: Envoy's `Network::FilterManagerImpl`.
 */
export class NetworkFilterManager implements ReadFilter {
  readonly #positions: FilterPosition[] = [];

  /** `filters` has at least one. */
  constructor(filters: readonly ReadFilter[]) {
    let next: FilterPosition | null = null;
    for (let i = filters.length - 1; i >= 0; i--) {
      next = new FilterPosition(filters[i]!, next);
      this.#positions.unshift(next);
    }
  }

  initialize(callbacks: ReadFilterCallbacks): void {
    const writers = this.#positions.map(({ filter }) => filter).filter(isWriteFilter);
    if (writers.length > 0) callbacks.connection.setWriteGate(new WriteFilterChain(writers, callbacks.connection));
    for (const position of this.#positions) position.initialize(callbacks);
  }

  onNewConnection(): FilterStatus {
    this.#positions[0]!.begin();
    return FilterStatus.stopIteration;
  }

  onData(data: Buffer, endStream: boolean): FilterStatus {
    this.#positions[0]!.onData(data, endStream);
    return FilterStatus.stopIteration;
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    for (const position of this.#positions) position.onClose(event, reason);
  }

  onAboveWriteBufferHighWatermark(): void {
    for (const position of this.#positions) position.filter.onAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    for (const position of this.#positions) position.filter.onBelowWriteBufferLowWatermark();
  }

  onDrain(): void {
    for (const position of this.#positions) position.filter.onDrain();
  }

  closeIfIdle(): void {
    for (const position of this.#positions) position.filter.closeIfIdle();
  }

  describe(): ConnectionUse | undefined {
    return this.#positions.findLast(({ filter }) => filter.describe !== undefined)?.filter.describe?.();
  }

  describeStreams(): Iterable<StreamUse> {
    return this.#positions.at(-1)?.filter.describeStreams?.() ?? [];
  }
}

/** One filter's place in the chain: what it has stopped, and the way on. */
class FilterPosition implements ReadFilterCallbacks {
  readonly filter: ReadFilter;
  readonly #next: FilterPosition | null;
  #callbacks: ReadFilterCallbacks | null = null;
  #begun = false;
  #closed = false;
  /** Stopped by this filter, not yet seen by the next one. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #heldEnd = false;
  #readDisabled = false;
  /** The filter has taken what `onData` is about. */
  #taken = false;

  constructor(filter: ReadFilter, next: FilterPosition | null) {
    this.filter = filter;
    this.#next = next;
  }

  get connection(): Connection {
    return this.#callbacks!.connection;
  }

  get info(): DownstreamConnectionInfo {
    return this.#callbacks!.info;
  }

  get isOnlyFilter(): boolean {
    return false;
  }

  get state(): ConnectionState {
    return this.#callbacks!.state;
  }

  drainClose(): boolean {
    return this.#callbacks!.drainClose();
  }

  takeReadData(): void {
    this.#taken = true;
  }

  injectReadData(data: Buffer, endStream: boolean): void {
    if (!this.#closed && this.connection.isOpen) this.#next?.onData(data, endStream);
  }

  initialize(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
    this.filter.initialize(this);
  }

  /** Tells the filter of the connection and, unless it stops, the next one. Does nothing the second time. */
  begin(): void {
    if (this.#begun || this.#closed) return;
    this.#begun = true;
    const status = this.filter.onNewConnection();
    if (status === FilterStatus.continue && this.connection.isOpen) this.#next?.begin();
  }

  onData(data: Buffer, endStream: boolean): void {
    if (this.#closed) return;
    this.begin();
    this.#taken = false;
    const status = this.filter.onData(data, endStream);
    if (this.#next === null || this.#taken || this.#closed || !this.connection.isOpen) return;
    if (status === FilterStatus.stopIteration) this.#hold(data, endStream);
    else if (this.#heldBytes === 0) this.#next.onData(data, endStream);
    else {
      this.#hold(data, endStream);
      this.continueReading();
    }
  }

  continueReading(): void {
    const next = this.#next;
    if (next === null || this.#closed) return;
    next.begin();
    const held = this.#held;
    const end = this.#heldEnd;
    this.#held = [];
    this.#heldBytes = 0;
    this.#heldEnd = false;
    if (this.#readDisabled) {
      this.#readDisabled = false;
      this.connection.readDisable(false);
    }
    for (const [index, data] of held.entries()) next.onData(data, end && index === held.length - 1);
    if (end && held.length === 0) next.onData(NO_BYTES, true);
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    this.#closed = true;
    this.#held = [];
    this.filter.onClose(event, reason);
  }

  #hold(data: Buffer, endStream: boolean): void {
    if (data.length > 0) this.#held.push(data);
    this.#heldBytes += data.length;
    this.#heldEnd ||= endStream;
    const limit = this.connection.bufferLimitBytes;
    if (limit === 0 || this.#heldBytes <= limit || this.#readDisabled) return;
    this.#readDisabled = true;
    this.connection.readDisable(true);
  }
}
