import type { Connection } from "../../net/connection.ts";
import type { WriteGate } from "../../net/connection-callbacks.ts";
import { FilterStatus, type WriteFilter, type WriteFilterCallbacks } from "../../net/network-filter.ts";

/**
 * The way of written bytes through the write filters of one connection, the last configured filter first. What a filter
 * stops goes no further; the filter itself hands on what it wants to. Connections without write filters have none of this.
 * Source: Envoy's `Network::FilterManagerImpl::onWrite`.
 */
export class WriteFilterChain implements WriteGate {
  readonly #filters: readonly WriteFilter[];
  readonly #connection: Connection;

  /** `filters` in the order of the configuration. */
  constructor(filters: readonly WriteFilter[], connection: Connection) {
    this.#filters = filters.toReversed();
    this.#connection = connection;
    for (const [index, filter] of this.#filters.entries()) filter.initializeWrite(this.#callbacks(index));
  }

  onWrite(data: Buffer, endStream: boolean): void {
    this.#passFrom(0, data, endStream);
  }

  #callbacks(index: number): WriteFilterCallbacks {
    return {
      connection: this.#connection,
      injectWriteData: (data, endStream) => this.#passFrom(index + 1, data, endStream),
    };
  }

  #passFrom(first: number, data: Buffer, endStream: boolean): void {
    for (let i = first; i < this.#filters.length; i++) {
      if (this.#filters[i]!.onWrite(data, endStream) === FilterStatus.stopIteration) return;
      if (!this.#connection.isOpen) return;
    }
    this.#connection.passWrite(data, endStream);
  }
}
