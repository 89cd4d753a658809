import type { Counter, Gauge, StatsScope } from "../../../stats/scope.ts";

/** Downstream clusters with counters of their own. Clients name them, so there must be an end to them. */
const CLUSTER_LIMIT = 100;

interface ClusterFaults {
  readonly delaysInjected: Counter;
  readonly abortsInjected: Counter;
}

/**
 * The handles of one fault filter.
 * Differs from Envoy: at most 100 downstream clusters per worker have counters of their own.
 */
export class FaultStats {
  readonly delaysInjected: Counter;
  readonly abortsInjected: Counter;
  readonly responseRateLimitsInjected: Counter;
  readonly faultsOverflow: Counter;
  readonly activeFaults: Gauge;
  readonly #scope: StatsScope;
  readonly #clusters = new Map<string, ClusterFaults>();

  /** `scope` is `http.<stat_prefix>`. */
  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.delaysInjected = scope.counter("fault.delays_injected");
    this.abortsInjected = scope.counter("fault.aborts_injected");
    this.responseRateLimitsInjected = scope.counter("fault.response_rl_injected");
    this.faultsOverflow = scope.counter("fault.faults_overflow");
    this.activeFaults = scope.gauge("fault.active_faults");
  }

  /** The counters of a downstream cluster; undefined for none, or one too many. */
  ofCluster(name: string): ClusterFaults | undefined {
    if (name === "") return undefined;
    const known = this.#clusters.get(name);
    if (known !== undefined || this.#clusters.size >= CLUSTER_LIMIT) return known;
    const made: ClusterFaults = {
      delaysInjected: this.#scope.counter(`fault.${name}.delays_injected`),
      abortsInjected: this.#scope.counter(`fault.${name}.aborts_injected`),
    };
    this.#clusters.set(name, made);
    return made;
  }
}
