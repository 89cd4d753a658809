import type { Gauge, StatsScope } from "../../stats/scope.ts";
import type { ClusterData, ThresholdsData } from "../cluster-data.ts";
import { BREAKER_RESOURCES, type BreakerResource } from "./breaker-layout.ts";
import type { BreakerMemory, SharedCircuitBreakers } from "./breaker-memory.ts";
import type { ResourcePriority } from "./circuit-breaker.ts";
import type { SharedCircuitBreaker } from "./shared-circuit-breaker.ts";

/** Names of the gauges behind `circuit_breakers.<priority>.`. */
const GAUGE_NAMES: Readonly<Record<BreakerResource, { readonly open: string; readonly remaining: string }>> = {
  connections: { open: "cx_open", remaining: "remaining_cx" },
  pendingRequests: { open: "rq_pending_open", remaining: "remaining_pending" },
  requests: { open: "rq_open", remaining: "remaining_rq" },
  retries: { open: "rq_retry_open", remaining: "remaining_retries" },
  connectionPools: { open: "cx_pool_open", remaining: "remaining_cx_pools" },
};

/** One number that several workers publish alike; written only when it changes. */
class WatchedGauge {
  readonly #gauge: Gauge;
  #shown = 0;

  constructor(scope: StatsScope, name: string) {
    // Every worker reads the same shared count, so what is shown must not be their sum.
    this.#gauge = scope.gauge(name, "max");
  }

  show(value: number): void {
    if (value === this.#shown) return;
    this.#shown = value;
    this.#gauge.set(value);
  }
}

interface WatchedBreaker {
  readonly breaker: SharedCircuitBreaker;
  readonly open: WatchedGauge;
  readonly remaining: WatchedGauge | null;
}

/** A cluster's breakers of both priorities on one worker, with their gauges. */
export class ClusterBreakers {
  readonly default: SharedCircuitBreakers;
  readonly high: SharedCircuitBreakers;
  readonly #watched: readonly WatchedBreaker[];

  constructor(memory: BreakerMemory, slot: number, data: ClusterData["circuitBreakers"], scope: StatsScope) {
    this.default = memory.breakers(slot, "default", data.default);
    this.high = memory.breakers(slot, "high", data.high);
    this.#watched = [
      ...watch(this.default, "default", data.default, scope),
      ...watch(this.high, "high", data.high, scope),
    ];
  }

  /** Puts new limits into force; what is held stays held. */
  setLimits(data: ClusterData["circuitBreakers"]): void {
    setLimits(this.default, data.default);
    setLimits(this.high, data.high);
  }

  /** Brings the gauges up to date; called before stats are read, so that requests need not. */
  refreshGauges(): void {
    for (const { breaker, open, remaining } of this.#watched) {
      open.show(breaker.canCreate ? 0 : 1);
      remaining?.show(Math.max(0, breaker.max - breaker.count));
    }
  }
}

function watch(
  breakers: SharedCircuitBreakers,
  priority: ResourcePriority,
  thresholds: ThresholdsData,
  clusterScope: StatsScope,
): WatchedBreaker[] {
  const scope = clusterScope.scope(`circuit_breakers.${priority}`);
  return BREAKER_RESOURCES.map((resource) => ({
    breaker: breakers[resource],
    open: new WatchedGauge(scope, GAUGE_NAMES[resource].open),
    remaining: thresholds.trackRemaining ? new WatchedGauge(scope, GAUGE_NAMES[resource].remaining) : null,
  }));
}

function setLimits(breakers: SharedCircuitBreakers, thresholds: ThresholdsData): void {
  breakers.connections.setMax(thresholds.maxConnections);
  breakers.pendingRequests.setMax(thresholds.maxPendingRequests);
  breakers.requests.setMax(thresholds.maxRequests);
  breakers.retries.setMax(thresholds.maxRetries);
  breakers.connectionPools.setMax(thresholds.maxConnectionPools);
  breakers.retries.setBudget(thresholds.retryBudget);
}
