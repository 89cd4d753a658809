import type { Counter, Gauge, StatsScope } from "../stats/scope.ts";

/** How many clusters a new configuration added, changed and removed, and how many there are now. */
export interface ClusterCounts {
  readonly added: number;
  readonly modified: number;
  readonly removed: number;
  readonly active: number;
}

/** `cluster_manager.*`: counted once in the process, on the main thread, when a configuration comes into force. */
export class ClusterManagerStats {
  readonly #added: Counter;
  readonly #modified: Counter;
  readonly #removed: Counter;
  readonly #active: Gauge;

  /** `scope` is the main thread's root scope. */
  constructor(scope: StatsScope) {
    this.#added = scope.counter("cluster_manager.cluster_added");
    this.#modified = scope.counter("cluster_manager.cluster_modified");
    this.#removed = scope.counter("cluster_manager.cluster_removed");
    this.#active = scope.gauge("cluster_manager.active_clusters");
  }

  /** Call it once for each configuration that came into force. */
  count(counts: ClusterCounts): void {
    this.#added.add(counts.added);
    this.#modified.add(counts.modified);
    this.#removed.add(counts.removed);
    this.#active.set(counts.active);
  }
}
