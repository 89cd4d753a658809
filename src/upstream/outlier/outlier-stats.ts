import type { Counter, Gauge, StatsScope } from "../../stats/scope.ts";
import type { EjectionType } from "./outlier-data.ts";

/** What the types of ejections are called in statistics. */
const NAMES: Readonly<Record<EjectionType, string>> = {
  CONSECUTIVE_5XX: "consecutive_5xx",
  CONSECUTIVE_GATEWAY_FAILURE: "consecutive_gateway_failure",
  CONSECUTIVE_LOCAL_ORIGIN_FAILURE: "consecutive_local_origin_failure",
  SUCCESS_RATE: "success_rate",
  SUCCESS_RATE_LOCAL_ORIGIN: "local_origin_success_rate",
  FAILURE_PERCENTAGE: "failure_percentage",
  FAILURE_PERCENTAGE_LOCAL_ORIGIN: "local_origin_failure_percentage",
};

/** `cluster.<name>.outlier_detection.*`, counted on the main thread. */
export class OutlierStats {
  readonly active: Gauge;
  readonly overflow: Counter;
  readonly enforcedTotal: Counter;
  /** Deprecated in Envoy. */
  readonly total: Counter;
  /** Deprecated in Envoy. */
  readonly consecutive5xx: Counter;
  /** Deprecated in Envoy. */
  readonly successRate: Counter;
  readonly #detected: ReadonlyMap<EjectionType, Counter>;
  readonly #enforced: ReadonlyMap<EjectionType, Counter>;
  readonly #scope: StatsScope;

  /** `cluster` is the scope `cluster.<name>`. */
  constructor(cluster: StatsScope) {
    const scope = cluster.scope("outlier_detection");
    this.#scope = scope;
    this.active = scope.gauge("ejections_active");
    this.overflow = scope.counter("ejections_overflow");
    this.enforcedTotal = scope.counter("ejections_enforced_total");
    this.total = scope.counter("ejections_total");
    this.consecutive5xx = scope.counter("ejections_consecutive_5xx");
    this.successRate = scope.counter("ejections_success_rate");
    const types = Object.entries(NAMES) as [EjectionType, string][];
    this.#detected = new Map(types.map(([type, name]) => [type, scope.counter(`ejections_detected_${name}`)]));
    this.#enforced = new Map(types.map(([type, name]) => [type, scope.counter(`ejections_enforced_${name}`)]));
  }

  /** A host was found out. */
  countDetected(type: EjectionType): void {
    this.#detected.get(type)?.inc();
  }

  /** A host was ejected. */
  countEnforced(type: EjectionType): void {
    this.enforcedTotal.inc();
    this.#enforced.get(type)?.inc();
  }

  /** The cluster has no outlier detection any more. */
  release(): void {
    this.#scope.release();
  }
}
