import type net from "node:net";
import type { InspectedConnection, ListenerFilterFactory } from "../net/listener-filter.ts";
import { ConnectionInspection, type InspectionEnd } from "./connection-inspection.ts";
import type { ListenerContext } from "./listener-context.ts";
import type { ListenerData } from "./listener-data.ts";
import type { ListenerStats } from "./listener-stats.ts";

/** The listener whose connections are inspected. Its data may change but for its filters. */
interface InspectedListener {
  readonly data: ListenerData;
  readonly stats: ListenerStats;
}

/** Counts the connections of the worker, so that a worker that leaves waits for those being inspected, too. */
interface ConnectionCount {
  connectionOpened(): void;
  connectionClosed(): void;
}

/** The listener filters of a listener on one worker, and the connections that they look at. */
export class ConnectionInspector {
  readonly #listener: InspectedListener;
  readonly #context: ListenerContext;
  readonly #count: ConnectionCount;
  readonly #factories: ListenerFilterFactory[] = [];
  readonly #maxPeekBytes: number;
  readonly #pending = new Set<ConnectionInspection>();

  /** Throws with the reason if a filter can't be made; nothing is left behind then. */
  constructor(listener: InspectedListener, context: ListenerContext, count: ConnectionCount) {
    this.#listener = listener;
    this.#context = context;
    this.#count = count;
    try {
      for (const filter of listener.data.listenerFilters) this.#factories.push(context.makeListenerFilter(filter));
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#maxPeekBytes = Math.max(...this.#factories.map(({ maxPeekBytes }) => maxPeekBytes));
  }

  /** Inspects an accepted socket and calls `onPassed`, unless that ends the connection. */
  inspect(socket: net.Socket, onPassed: (inspected: InspectedConnection) => void): void {
    const { data, stats } = this.#listener;
    stats.preCxActive.inc();
    this.#count.connectionOpened();
    const inspection = new ConnectionInspection(socket, {
      timers: this.#context.timers,
      timeoutMs: data.listenerFiltersTimeoutMs,
      continueOnTimeout: data.continueOnListenerFiltersTimeout,
      filters: this.#factories.map((factory) => factory.createListenerFilter()),
      maxPeekBytes: this.#maxPeekBytes,
      onEnd: (end, inspected, passed) => {
        this.#pending.delete(inspection);
        stats.preCxActive.dec();
        this.#countEnd(end);
        if (passed) onPassed(inspected);
        this.#count.connectionClosed();
      },
    });
    this.#pending.add(inspection);
  }

  /** Closes the connections that are being inspected and releases the filters. */
  dispose(): void {
    for (const inspection of [...this.#pending]) inspection.cancel();
    for (const factory of this.#factories.splice(0)) factory.dispose();
  }

  #countEnd(end: InspectionEnd): void {
    const { stats } = this.#listener;
    if (end === "timeout") stats.preCxTimeout.inc();
    else if (end === "remoteClose") stats.listenerFilterRemoteClose.inc();
    else if (end === "refused") stats.listenerFilterError.inc();
  }
}
