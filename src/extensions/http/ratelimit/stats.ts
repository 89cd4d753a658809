import type { Counter } from "../../../stats/scope.ts";
import type { ClusterStats } from "../../../upstream/cluster-stats.ts";

/** The counters of one filter under the cluster of a request. */
export interface RateLimitFilterStats {
  readonly ok: Counter;
  readonly error: Counter;
  readonly overLimit: Counter;
  readonly failureModeAllowed: Counter;
}

/** Finds the counters of a filter under a cluster, `cluster.<name>.ratelimit.[<stat_prefix>.]`; they are released with it. */
export class RateLimitCounters {
  readonly #prefix: string;
  readonly #known = new WeakMap<ClusterStats, RateLimitFilterStats>();

  constructor(prefix: string) {
    this.#prefix = prefix === "" ? "ratelimit" : `ratelimit.${prefix}`;
  }

  of(cluster: ClusterStats): RateLimitFilterStats {
    let stats = this.#known.get(cluster);
    if (stats === undefined) {
      const { scope } = cluster;
      const prefix = this.#prefix;
      stats = {
        ok: scope.counter(`${prefix}.ok`),
        error: scope.counter(`${prefix}.error`),
        overLimit: scope.counter(`${prefix}.over_limit`),
        failureModeAllowed: scope.counter(`${prefix}.failure_mode_allowed`),
      };
      this.#known.set(cluster, stats);
    }
    return stats;
  }
}
