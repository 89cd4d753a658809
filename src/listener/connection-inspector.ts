import type net from "node:net";
import type { WheelTimer } from "../base/timer-wheel.ts";
import { InspectedConnection } from "../net/inspected-connection.ts";
import type { ListenerFilterFactory } from "../net/listener-filter.ts";
import { ConnectionInspection, type InspectionEnd } from "./connection-inspection.ts";
import type { ListenerContext } from "./listener-context.ts";
import type { ListenerData } from "./listener-data.ts";
import { type ListenerFilterPredicate, predicateHolds } from "./listener-filter-predicate.ts";
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

interface ConfiguredFilter {
  readonly factory: ListenerFilterFactory;
  readonly disabled: ListenerFilterPredicate | null;
}

/** The listener filters of a listener on one worker, and the connections that they look at. */
export class ConnectionInspector {
  readonly #listener: InspectedListener;
  readonly #context: ListenerContext;
  readonly #count: ConnectionCount;
  readonly #filters: ConfiguredFilter[] = [];
  readonly #maxPeekBytes: number;
  readonly #pending = new Set<ConnectionInspection>();
  #deadline: WheelTimer | null = null;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #onEmpty: (() => void) | null = null;

  /** Throws with the reason if a filter can't be made; nothing is left behind then. */
  constructor(listener: InspectedListener, context: ListenerContext, count: ConnectionCount) {
    this.#listener = listener;
    this.#context = context;
    this.#count = count;
    try {
      for (const { filter, disabled } of listener.data.listenerFilters) {
        this.#filters.push({ factory: context.makeListenerFilter(filter), disabled });
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#maxPeekBytes = Math.max(...this.#filters.map(({ factory }) => factory.maxPeekBytes));
  }

  /**
   * Inspects an accepted socket and calls `onPassed`, maybe at once, or `onRefused` if that ends the connection. `before`: what another listener,
   * which hands the connection over, has found out.
   */
  inspect(
    socket: net.Socket,
    before: InspectedConnection | null,
    onPassed: (inspected: InspectedConnection) => void,
    onRefused: (inspected: InspectedConnection) => void,
  ): void {
    const { data, stats } = this.#listener;
    const inspected = before ?? new InspectedConnection();
    stats.preCxActive.inc();
    this.#count.connectionOpened();
    const inspection = new ConnectionInspection(socket, {
      timers: this.#context.timers,
      timeoutMs: data.listenerFiltersTimeoutMs,
      continueOnTimeout: data.continueOnListenerFiltersTimeout,
      filters: this.#filters.map(({ factory, disabled }) => ({
        filter: factory.createListenerFilter(),
        isDisabled: () =>
          disabled !== null && predicateHolds(disabled, inspected.localAddress?.port ?? socket.localPort ?? 0),
      })),
      inspected,
      maxPeekBytes: this.#maxPeekBytes,
      onEnd: (end, found, passed) => {
        stats.preCxActive.dec();
        this.#countEnd(end);
        if (passed) onPassed(found);
        else onRefused(found);
        this.#count.connectionClosed();
        this.#forget(inspection);
      },
    });
    this.#pending.add(inspection);
    inspection.start();
  }

  /** No connection comes any more. Those that are being inspected may take so long; then `onEmpty` is called, once. */
  finish(timeMs: number, onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    this.cancelAfter(timeMs);
    this.#tellIfEmpty();
  }

  /** Closes the connections that are still being inspected then. Calling it again can only make it sooner. */
  cancelAfter(timeMs: number): void {
    if (timeMs <= 0) {
      this.#cancelAll();
      return;
    }
    const deadlineMs = this.#context.timers.clock.nowMs() + timeMs;
    if (deadlineMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    this.#deadline ??= this.#context.timers.timer(() => this.#cancelAll());
    this.#deadline.arm(timeMs);
  }

  /** Closes the connections that are being inspected and releases the filters. */
  dispose(): void {
    this.#deadline?.disarm();
    this.#cancelAll();
    for (const { factory } of this.#filters.splice(0)) factory.dispose();
  }

  #cancelAll(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    for (const inspection of [...this.#pending]) inspection.cancel();
  }

  #forget(inspection: ConnectionInspection): void {
    this.#pending.delete(inspection);
    this.#tellIfEmpty();
  }

  #tellIfEmpty(): void {
    if (this.#pending.size > 0) return;
    const onEmpty = this.#onEmpty;
    this.#onEmpty = null;
    onEmpty?.();
  }

  #countEnd(end: InspectionEnd): void {
    const { stats } = this.#listener;
    if (end === "timeout") stats.preCxTimeout.inc();
    else if (end === "remoteClose") stats.listenerFilterRemoteClose.inc();
    else if (end === "refused") stats.listenerFilterError.inc();
  }
}
