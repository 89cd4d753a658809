import type { Counter, StatsScope } from "../../../stats/scope.ts";
import type { ClusterStats } from "../../../upstream/cluster-stats.ts";

/** The counters of one filter, under `http.<stat_prefix>.ext_authz.`, or `cluster.<name>.ext_authz.` of the clusters that requests go to. */
export class ExtAuthzStats {
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly disabled: Counter;
  readonly failureModeAllowed: Counter;
  readonly invalid: Counter;
  readonly ignoredDynamicMetadata: Counter;

  /** `prefix` is the filter's `stat_prefix`. */
  constructor(scope: StatsScope, prefix: string) {
    const own = prefix === "" ? "ext_authz" : `ext_authz.${prefix}`;
    this.ok = scope.counter(`${own}.ok`);
    this.denied = scope.counter(`${own}.denied`);
    this.error = scope.counter(`${own}.error`);
    this.disabled = scope.counter(`${own}.disabled`);
    this.failureModeAllowed = scope.counter(`${own}.failure_mode_allowed`);
    this.invalid = scope.counter(`${own}.invalid`);
    this.ignoredDynamicMetadata = scope.counter(`${own}.ignored_dynamic_metadata`);
  }
}

/** What is counted of one filter under the clusters of its requests. */
export interface AuthzClusterStats {
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly failureModeAllowed: Counter;
}

/** Finds the counters of a filter under a cluster; they are released with it. */
export class AuthzClusterCounters {
  readonly #prefix: string;
  readonly #known = new WeakMap<ClusterStats, AuthzClusterStats>();

  constructor(prefix: string) {
    this.#prefix = prefix === "" ? "ext_authz" : `ext_authz.${prefix}`;
  }

  of(cluster: ClusterStats): AuthzClusterStats {
    let stats = this.#known.get(cluster);
    if (stats === undefined) {
      const { scope } = cluster;
      const prefix = this.#prefix;
      stats = {
        ok: scope.counter(`${prefix}.ok`),
        denied: scope.counter(`${prefix}.denied`),
        error: scope.counter(`${prefix}.error`),
        failureModeAllowed: scope.counter(`${prefix}.failure_mode_allowed`),
      };
      this.#known.set(cluster, stats);
    }
    return stats;
  }
}
