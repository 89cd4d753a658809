import type { CompiledExtension } from "../../../src/config/compile-context.ts";
import type { NetworkFilterContext } from "../../../src/listener/listener-context.ts";
import {
  FilterStatus,
  type NetworkFilterFactory,
  type ReadFilter,
  type ReadFilterCallbacks,
} from "../../../src/net/network-filter.ts";

/** Makes echo filters and remembers what became of them. A filter whose data is `"broken"` can't be made. */
export class EchoFilters {
  readonly made: { readonly data: unknown; readonly context: NetworkFilterContext }[] = [];
  readonly disposed: unknown[] = [];
  readonly drainTold: number[] = [];
  readonly closed: { readonly id: number; readonly event: string; readonly reason: string }[] = [];

  /** The maker that listeners get. Data is what the filter writes before each echo. */
  readonly make = (filter: CompiledExtension, context: NetworkFilterContext): NetworkFilterFactory => {
    if (filter.data === "broken") throw new Error("the filter is broken");
    this.made.push({ data: filter.data, context });
    return {
      name: filter.name,
      createReadFilter: () => new EchoFilter(this, String(filter.data ?? "")),
      dispose: () => void this.disposed.push(filter.data),
    };
  };
}

/**
 * Echoes; before the first echo it says which version it is. Answers `info` with what it knows of its connection, and
 * `close?` with `closing` and a close when the connection should be wound up.
 */
class EchoFilter implements ReadFilter {
  readonly #all: EchoFilters;
  readonly #version: string;
  #callbacks: ReadFilterCallbacks | null = null;

  constructor(all: EchoFilters, version: string) {
    this.#all = all;
    this.#version = version;
  }

  initialize(callbacks: ReadFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    return FilterStatus.continue;
  }

  onData(data: Buffer, endStream: boolean): FilterStatus {
    const { connection, info, drainClose } = this.#callbacks!;
    const text = data.toString("latin1");
    if (text === "info") {
      const { remoteAddress, localAddress, filterChainName, connectionId } = info;
      connection.writeLatin1([remoteAddress, localAddress, filterChainName, connectionId].join(" "));
    } else if (text === "close?") {
      const closing = drainClose.call(this.#callbacks);
      connection.writeLatin1(closing ? "closing" : "staying");
      if (closing) connection.close("flushWrite");
    } else if (text !== "") {
      connection.writeLatin1(`${this.#version}${text}`);
    }
    if (endStream) connection.close("flushWrite");
    return FilterStatus.stopIteration;
  }

  onClose(event: string, reason: string): void {
    this.#all.closed.push({ id: this.#callbacks!.info.connectionId, event, reason });
  }

  closeIfIdle(): void {
    this.#callbacks!.connection.close("flushWrite");
  }

  onDrain(): void {
    this.#all.drainTold.push(this.#callbacks!.info.connectionId);
  }

  onAboveWriteBufferHighWatermark(): void {}

  onBelowWriteBufferLowWatermark(): void {}
}
