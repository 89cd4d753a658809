import { DOWNSTREAM_CONNECTIONS_MONITOR } from "../config/bootstrap/overload-data.ts";
import type { Runtime, RuntimeNumberData } from "../runtime/runtime.ts";
import type { Counter, StatsScope } from "../stats/scope.ts";
import type { SharedCircuitBreaker } from "../upstream/circuit-breaker/shared-circuit-breaker.ts";
import type { SharedLimits } from "../upstream/limits/shared-limits.ts";

/** Name of the count of all downstream connections, which has its memory whatever is configured. */
export const DOWNSTREAM_CONNECTIONS_COUNT = "downstream_connections";

/** Name of the count of a listener's connections, likewise. */
export function listenerConnectionsCount(listener: string): string {
  return `connections of ${listener}`;
}

/** No limit: counts are 32 bits wide. */
const LARGEST = 0x7fff_ffff;
const GLOBAL_MAX: RuntimeNumberData = { value: LARGEST, runtimeKey: "overload.global_downstream_max_connections" };

/** Which limits a listener keeps to. */
export interface LimitedListener {
  readonly name: string;
  /** Its connections are counted for the whole process and never refused. */
  readonly ignoreGlobalConnectionLimit: boolean;
  /** Of the limits of the whole process only that of runtime holds. */
  readonly bypassOverloadManager: boolean;
}

/**
 * How many downstream connections there may be: for each listener and for the process, exact over all workers. Runtime says the limits, and may change
 * them at any time; the overload manager's monitor goes before the runtime key of the process. One per worker. Source: Envoy's `TcpListenerImpl`
 * and `BasicResourceLimitImpl`. Differs from Envoy: connections that ignore the global limit, and those of a listener that was replaced and drains,
 * count with the others.
 */
export class ConnectionLimits {
  readonly #limits: SharedLimits;
  readonly #runtime: Runtime;
  readonly #stats: StatsScope;
  #monitor: number | null = null;
  #failedUpdates: Counter | null = null;
  #global: SharedCircuitBreaker | null = null;

  constructor(limits: SharedLimits, runtime: Runtime, stats: StatsScope) {
    this.#limits = limits;
    this.#runtime = runtime;
    this.#stats = stats;
  }

  /** What the overload manager's monitor allows; null: there is none. */
  setMonitor(maxConnections: number | null): void {
    this.#monitor = maxConnections;
    if (maxConnections === null) return;
    this.#failedUpdates ??= this.#stats.scope(`overload.${DOWNSTREAM_CONNECTIONS_MONITOR}`).counter("failed_updates");
  }

  /** Takes a connection of the process for a listener. Each success needs one `releaseGlobal`. */
  tryAcquireGlobal(listener: LimitedListener): boolean {
    const global = this.#globalCount();
    const monitor = listener.bypassOverloadManager ? null : this.#monitor;
    const max = monitor ?? this.#runtime.integer(GLOBAL_MAX);
    global.setMax(listener.ignoreGlobalConnectionLimit ? LARGEST : Math.min(max, LARGEST));
    if (global.tryAcquire()) return true;
    if (monitor !== null) this.#failedUpdates?.inc();
    return false;
  }

  releaseGlobal(): void {
    this.#globalCount().release();
  }

  /** The connections of one listener. Its memory must have come. */
  ofListener({ name }: LimitedListener): ListenerConnections {
    const runtimeKey = `envoy.resource_limits.listener.${name}.connection_limit`;
    return new ListenerConnections(
      this.#limits.count(listenerConnectionsCount(name), LARGEST),
      this.#runtime,
      runtimeKey,
    );
  }

  #globalCount(): SharedCircuitBreaker {
    this.#global ??= this.#limits.count(DOWNSTREAM_CONNECTIONS_COUNT, LARGEST);
    return this.#global;
  }
}

/** The count of a listener's connections on all workers, and its limit. */
export class ListenerConnections {
  readonly #count: SharedCircuitBreaker;
  readonly #runtime: Runtime;
  readonly #max: RuntimeNumberData;

  constructor(count: SharedCircuitBreaker, runtime: Runtime, runtimeKey: string) {
    this.#count = count;
    this.#runtime = runtime;
    this.#max = { value: LARGEST, runtimeKey };
  }

  /** Takes one, if the limit allows. Each success, and each `acquire`, needs one `release`. */
  tryAcquire(): boolean {
    this.#count.setMax(Math.min(this.#runtime.integer(this.#max), LARGEST));
    return this.#count.tryAcquire();
  }

  /** Takes one whatever the limit: another listener hands it over. */
  acquire(): void {
    this.#count.acquire();
  }

  release(): void {
    this.#count.release();
  }
}
