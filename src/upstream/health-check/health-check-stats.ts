import type { Counter, Gauge, Histogram, StatsScope } from "../../stats/scope.ts";

/**
 * `cluster.<name>.health_check.*` of one cluster, counted on the main thread.
 * Differs from Envoy: `latency`, a histogram of how long the answers of hosts took, is not in Envoy.
 */
export class HealthCheckStats {
  readonly attempt: Counter;
  readonly success: Counter;
  readonly failure: Counter;
  readonly passiveFailure: Counter;
  readonly networkFailure: Counter;
  readonly verifyCluster: Counter;
  readonly healthy: Gauge;
  readonly degraded: Gauge;
  readonly latencyMs: Histogram;
  readonly #scope: StatsScope;

  /** `cluster` is the scope `cluster.<name>`. */
  constructor(cluster: StatsScope) {
    const scope = cluster.scope("health_check");
    this.#scope = scope;
    this.attempt = scope.counter("attempt");
    this.success = scope.counter("success");
    this.failure = scope.counter("failure");
    this.passiveFailure = scope.counter("passive_failure");
    this.networkFailure = scope.counter("network_failure");
    this.verifyCluster = scope.counter("verify_cluster");
    this.healthy = scope.gauge("healthy");
    this.degraded = scope.gauge("degraded");
    this.latencyMs = scope.histogram("latency", "ms");
  }

  /** The cluster has no checks any more. */
  release(): void {
    this.#scope.release();
  }
}
