import type { RandomSource } from "../base/random.ts";
import type { Gauge, StatsScope } from "../stats/scope.ts";
import { BreakerMemory } from "./breaker-memory.ts";
import type { BreakerChunk } from "./circuit-breaker-cells.ts";
import type { ClusterData } from "./cluster-data.ts";
import type { ClusterInspection } from "./cluster-inspection.ts";
import { LocalCluster } from "./local-cluster.ts";
import type { PoolEnvironment } from "./pool-environment.ts";
import type { ClusterDirectory, ThreadLocalCluster } from "./thread-local-cluster.ts";

/** A cluster that is new or may have changed. */
export interface ClusterUpsert {
  readonly data: ClusterData;
  /** Equal hashes mean equal data. */
  readonly hash: string;
  /** From `CircuitBreakerCells.allocate`. */
  readonly breakerSlot: number;
}

/** What `apply` puts into force. */
export interface ClusterChanges {
  readonly upserts: readonly ClusterUpsert[];
  readonly removals: readonly string[];
  /** From `CircuitBreakerCells.chunksFor` of this worker; all of them or at least the new ones. */
  readonly breakerChunks: readonly BreakerChunk[];
}

/** What a worker gives its cluster manager. */
export interface ClusterManagerOptions {
  /** The worker's root scope. */
  readonly stats: StatsScope;
  /** `worker_0`, …; part of stat names. */
  readonly workerName: string;
  readonly random: RandomSource;
  readonly environment: PoolEnvironment;
}

interface Entry {
  upsert: ClusterUpsert;
  /** Null until somebody asks for the cluster. */
  cluster: LocalCluster | null;
}

/** All clusters of one worker. They are known by their data and come to life when first asked for. */
export class ClusterManager implements ClusterDirectory {
  readonly #options: ClusterManagerOptions;
  readonly #memory = new BreakerMemory();
  readonly #entries = new Map<string, Entry>();
  /** Removed or replaced ones whose streams still run. */
  readonly #draining = new Set<LocalCluster>();
  readonly #inflated: Gauge;

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
    this.#inflated = options.stats.gauge(`thread_local_cluster_manager.${options.workerName}.clusters_inflated`);
  }

  get(name: string): ThreadLocalCluster | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    return entry.cluster ?? this.#inflate(entry);
  }

  /**
   * Puts changes into force: an unchanged hash does nothing; otherwise hosts with the same address keep their connections, if the
   * cluster's connection settings are the same; removed hosts and clusters drain. Cannot fail.
   */
  apply(changes: ClusterChanges): void {
    this.#memory.attach(changes.breakerChunks);
    for (const name of changes.removals) this.#remove(name);
    for (const upsert of changes.upserts) this.#upsert(upsert);
  }

  /** How many upstream connections of this worker `changes` would wind up. For a dry run; changes nothing. */
  countDrainedBy(changes: Pick<ClusterChanges, "upserts" | "removals">): number {
    let count = 0;
    for (const name of changes.removals) count += this.#entries.get(name)?.cluster?.countDrainedBy(null) ?? 0;
    for (const { data, hash } of changes.upserts) {
      const entry = this.#entries.get(data.name);
      if (entry !== undefined && entry.upsert.hash !== hash) count += entry.cluster?.countDrainedBy(data) ?? 0;
    }
    return count;
  }

  /** Open upstream connections, those of draining clusters among them. */
  get connectionCount(): number {
    let count = 0;
    for (const cluster of this.#all()) count += cluster.connectionCount;
    return count;
  }

  /** Brings gauges that are shared between workers up to date. Call it before this worker's stats are flushed. */
  refreshGauges(): void {
    for (const { cluster } of this.#entries.values()) cluster?.refreshGauges();
  }

  /** The clusters in use on this worker; see `mergeClusterInspections`. Plain data. */
  inspect(): ClusterInspection[] {
    const inspections: ClusterInspection[] = [];
    for (const { cluster } of this.#entries.values()) if (cluster !== null) inspections.push(cluster.inspect());
    return inspections;
  }

  /** The worker leaves: idle connections close now, busy ones after their stream. Clusters stay usable meanwhile. */
  drain(): void {
    for (const { cluster } of this.#entries.values()) cluster?.drain();
  }

  /** Closes all connections now; streams are reset. */
  close(): void {
    for (const cluster of [...this.#all()]) cluster.close();
  }

  #upsert(upsert: ClusterUpsert): void {
    const name = upsert.data.name;
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#entries.set(name, { upsert, cluster: null });
      return;
    }
    if (entry.upsert.hash === upsert.hash) return;
    entry.upsert = upsert;
    const cluster = entry.cluster;
    if (cluster === null || cluster.tryUpdate(upsert.data)) return;
    entry.cluster = null;
    this.#retire(cluster);
  }

  #remove(name: string): void {
    const cluster = this.#entries.get(name)?.cluster;
    this.#entries.delete(name);
    if (cluster !== undefined && cluster !== null) this.#retire(cluster);
  }

  #retire(cluster: LocalCluster): void {
    this.#inflated.dec();
    this.#draining.add(cluster);
    cluster.retire();
  }

  #inflate(entry: Entry): LocalCluster {
    const { environment, random, stats } = this.#options;
    const cluster = new LocalCluster(entry.upsert.data, {
      environment,
      random,
      stats,
      breakerMemory: this.#memory,
      breakerSlot: entry.upsert.breakerSlot,
      onDrained: (drained) => this.#onDrained(drained),
    });
    entry.cluster = cluster;
    this.#inflated.inc();
    return cluster;
  }

  #onDrained(cluster: LocalCluster): void {
    this.#draining.delete(cluster);
    cluster.releaseStats();
  }

  *#all(): Generator<LocalCluster> {
    for (const { cluster } of this.#entries.values()) if (cluster !== null) yield cluster;
    yield* this.#draining;
  }
}
