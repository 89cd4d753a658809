import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import { FilterStatus } from "../../../net/network-filter.ts";
import { QuietReadFilter } from "../../../net/quiet-read-filter.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Counter, Gauge } from "../../../stats/scope.ts";
import type { CircuitBreaker } from "../../../upstream/circuit-breaker/circuit-breaker.ts";
import type { ConnectionLimitData } from "./connection-limit-data.ts";

/** What all connections of one configured filter on one worker share. */
export interface ConnectionLimitRuntime {
  readonly data: ConnectionLimitData;
  readonly values: Runtime;
  /** The connections of all workers. */
  readonly open: CircuitBreaker;
  readonly timers: TimerWheel;
  readonly limitedConnections: Counter;
  readonly activeConnections: Gauge;
}

/**
 * Lets so many connections through at a time and closes the others, at once or after a delay in which they are not read. The limit is
 * exact over all workers. Source: Envoy's connection limit filter.
 */
export class ConnectionLimitFilter extends QuietReadFilter {
  readonly #runtime: ConnectionLimitRuntime;
  #state: "unseen" | "open" | "limited" = "unseen";
  #timer: WheelTimer | null = null;

  constructor(runtime: ConnectionLimitRuntime) {
    super();
    this.#runtime = runtime;
  }

  override onNewConnection(): FilterStatus {
    const { data, values, open, limitedConnections, activeConnections } = this.#runtime;
    if (!values.flag(data.enabled)) return FilterStatus.continue;
    activeConnections.inc();
    if (open.tryAcquire()) {
      this.#state = "open";
      return FilterStatus.continue;
    }
    this.#state = "limited";
    limitedConnections.inc();
    this.#refuse(data.delayMs);
    return FilterStatus.stopIteration;
  }

  override onData(): FilterStatus {
    return this.#state === "limited" ? FilterStatus.stopIteration : FilterStatus.continue;
  }

  override onClose(): void {
    this.#timer?.disarm();
    if (this.#state === "unseen") return;
    this.#runtime.activeConnections.dec();
    if (this.#state === "open") this.#runtime.open.release();
  }

  #refuse(delayMs: number): void {
    const { connection } = this.callbacks;
    if (delayMs === 0) {
      connection.close("noFlush");
      return;
    }
    connection.readDisable(true);
    this.#timer = this.#runtime.timers.timer(() => connection.close("noFlush"));
    this.#timer.arm(delayMs);
  }
}
