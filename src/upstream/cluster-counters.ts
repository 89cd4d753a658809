import type { Counter } from "../stats/scope.ts";
import type { ClusterStats } from "./cluster-stats.ts";

/**
 * Counters that a filter keeps under the clusters of its requests, `cluster.<name>.<prefix>.`. They are made with the first request to a
 * cluster and released with it. Runs on a worker.
 */
export class ClusterCounters<Key extends string> {
  readonly #prefix: string;
  readonly #names: Readonly<Record<Key, string>>;
  readonly #known = new WeakMap<ClusterStats, Readonly<Record<Key, Counter>>>();

  /** `names` are those of the statistics. `statPrefix` is the filter's own, which may be empty. */
  constructor(filter: string, statPrefix: string, names: Readonly<Record<Key, string>>) {
    this.#prefix = statPrefix === "" ? filter : `${filter}.${statPrefix}`;
    this.#names = names;
  }

  of(cluster: ClusterStats): Readonly<Record<Key, Counter>> {
    let counters = this.#known.get(cluster);
    if (counters === undefined) {
      const scope = cluster.scope.scope(this.#prefix);
      const entries = Object.entries<string>(this.#names).map(([key, name]) => [key, scope.counter(name)]);
      counters = Object.fromEntries(entries) as Record<Key, Counter>;
      this.#known.set(cluster, counters);
    }
    return counters;
  }
}
