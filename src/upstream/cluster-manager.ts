import type { RandomSource } from "../base/random.ts";
import type { TableBuilder } from "../lb/hash/build-table.ts";
import type { Gauge, StatsScope } from "../stats/scope.ts";
import { BreakerMemory } from "./circuit-breaker/breaker-memory.ts";
import { openBreakersInWords } from "./circuit-breaker/breakers-in-words.ts";
import type { BreakerChunk } from "./circuit-breaker/circuit-breaker-cells.ts";
import { type ClusterData, hasMembership } from "./cluster-data.ts";
import {
  aggregateExplanation,
  type ClusterExplanation,
  clusterExplanation,
  type ExplainedMember,
} from "./cluster-explanation.ts";
import type { ClusterInspection } from "./cluster-inspection.ts";
import type { Host } from "./host.ts";
import { HostRegistry } from "./host-registry.ts";
import { LocalCluster } from "./local-cluster.ts";
import { membersOf } from "./membership/cluster-members.ts";
import type { MembershipDelta } from "./membership/membership-delta.ts";
import { MembershipMirror } from "./membership/membership-mirror.ts";
import type { ConsecutiveType } from "./outlier/outlier-data.ts";
import type { PoolEnvironment } from "./pool/pool-environment.ts";
import type { PoolRow } from "./pool/pool-listing.ts";
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
  /** See `BalancingEnvironment.tables`. Default null. */
  readonly tables?: TableBuilder;
  /** See `LocalClusterOptions.onHostFailed`. */
  onHostFailed?(cluster: string, address: string): void;
  /** See `LocalClusterOptions.onHostTripped`. */
  onHostTripped?(cluster: string, address: string, type: ConsecutiveType): void;
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
  /** Counts of the connections of single hosts. */
  readonly #hostMemory = new BreakerMemory();
  readonly #entries = new Map<string, Entry>();
  /** Also of clusters that are not here yet: their hosts come before they do. */
  readonly #memberships = new Map<string, MembershipMirror>();
  /** Removed or replaced ones whose streams still run. */
  readonly #draining = new Set<LocalCluster>();
  /** Clusters on whose hosts others depend; no more than the configurations so far have named. */
  readonly #watched = new Set<string>();
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

  /**
   * Takes over how the hosts of clusters changed. Answers the clusters whose delta does not fit what is here: they need one that
   * holds everything. Hosts of a cluster that is not known wait for it, and go with it when it is removed. `hostChunks` is the memory
   * of what is counted of hosts: all of it or at least what is new.
   */
  applyMembership(deltas: readonly MembershipDelta[], hostChunks: readonly BreakerChunk[] = []): string[] {
    this.#hostMemory.attach(hostChunks);
    const missed: string[] = [];
    for (const delta of deltas) {
      const membership = this.#memberships.get(delta.cluster) ?? new MembershipMirror();
      if (!membership.apply(delta)) {
        missed.push(delta.cluster);
        continue;
      }
      this.#memberships.set(delta.cluster, membership);
      this.#entries.get(delta.cluster)?.cluster?.updateMembership(membership, delta);
    }
    return missed;
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

  /** The pools of all clusters in use, draining ones among them, as far as they are wanted; undefined for what is passed over. */
  *pools(wanted: (row: PoolRow) => boolean): Generator<PoolRow | undefined> {
    for (const { cluster } of this.#entries.values()) {
      if (cluster === null) yield undefined;
      else for (const row of cluster.describePools()) yield wanted(row) ? row : undefined;
    }
    for (const cluster of this.#draining)
      for (const row of cluster.describePools()) yield wanted(row) ? row : undefined;
  }

  /** A cluster with its candidates; null if there is none of that name. One that is not in use stays so. */
  explain(name: string, metadataMatch?: Readonly<Record<string, unknown>> | null): ClusterExplanation | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    const { data } = entry.upsert;
    if (data.aggregate === null) return clusterExplanation(data, this.#hostsOnPaper(entry), metadataMatch);
    const members = data.aggregate.flatMap((name): ExplainedMember[] => {
      const member = this.#entries.get(name);
      return member === undefined ? [] : [{ name, hosts: this.#hostsOnPaper(member) }];
    });
    return aggregateExplanation(data, members);
  }

  /** Its hosts, also if it is not in use. */
  #hostsOnPaper({ cluster, upsert: { data } }: Entry): readonly Host[] {
    return cluster?.hosts ?? new HostRegistry(membersOf(data, this.#memberships.get(data.name))).hosts;
  }

  /** Which circuit breakers of a cluster, or of those an aggregate one is made of, are at their limit, in words; `""` if none is, or there is no such cluster. */
  openBreakers(name: string): string {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.cluster === null) return "";
    const words = [openBreakersInWords(entry.cluster.info)];
    for (const member of entry.upsert.data.aggregate ?? []) {
      const info = this.#entries.get(member)?.cluster?.info;
      const open = info === undefined ? "" : openBreakersInWords(info);
      if (open !== "") words.push(`${open} of cluster ${member}`);
    }
    return words.filter((word) => word !== "").join(", ");
  }

  /** As `inspect`, cluster by cluster; undefined for those that are not in use. */
  *inspections(): Generator<ClusterInspection | undefined> {
    for (const { cluster } of this.#entries.values()) yield cluster?.inspect();
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
      this.#onHostsChanged(name);
      return;
    }
    if (entry.upsert.hash === upsert.hash) return;
    entry.upsert = upsert;
    const cluster = entry.cluster;
    if (!hasMembership(upsert.data)) this.#memberships.delete(name);
    if (cluster === null || cluster.tryUpdate(upsert.data, this.#memberships.get(name))) return;
    entry.cluster = null;
    this.#retire(cluster);
    this.#onHostsChanged(name);
  }

  #remove(name: string): void {
    const cluster = this.#entries.get(name)?.cluster;
    this.#entries.delete(name);
    this.#memberships.delete(name);
    if (cluster !== undefined && cluster !== null) this.#retire(cluster);
    this.#onHostsChanged(name);
  }

  #retire(cluster: LocalCluster): void {
    this.#inflated.dec();
    this.#draining.add(cluster);
    cluster.retire();
  }

  #inflate(entry: Entry): LocalCluster {
    const { environment, random, stats } = this.#options;
    const { data } = entry.upsert;
    const cluster = new LocalCluster(data, this.#memberships.get(data.name), {
      environment,
      random,
      stats,
      breakerMemory: this.#memory,
      breakerSlot: entry.upsert.breakerSlot,
      hostMemory: this.#hostMemory,
      tables: this.#options.tables ?? null,
      hostsOf: (name) => this.#hostsOf(name),
      memberOf: (name) => this.#memberOf(name),
      onHostsChanged: () => this.#onHostsChanged(data.name),
      onHostFailed: (cluster, address) => this.#options.onHostFailed?.(cluster, address),
      onHostTripped: (cluster, address, type) => this.#options.onHostTripped?.(cluster, address, type),
      onDrained: (drained) => this.#onDrained(drained),
    });
    entry.cluster = cluster;
    this.#inflated.inc();
    return cluster;
  }

  #hostsOf(name: string): readonly Host[] {
    this.#watched.add(name);
    const entry = this.#entries.get(name);
    if (entry === undefined) return [];
    return (entry.cluster ?? this.#inflate(entry)).hosts;
  }

  #memberOf(name: string): LocalCluster | null {
    this.#watched.add(name);
    const entry = this.#entries.get(name);
    // Configurations with aggregate clusters in one another are refused; here they would have no end.
    if (entry === undefined || entry.upsert.data.aggregate !== null) return null;
    return entry.cluster ?? this.#inflate(entry);
  }

  /** Zone-aware clusters look at the hosts of the local cluster, aggregate ones at those of their clusters. */
  #onHostsChanged(name: string): void {
    if (!this.#watched.has(name)) return;
    for (const { cluster } of this.#entries.values()) if (cluster?.dependsOnHostsOf(name) === true) cluster.rebalance();
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
