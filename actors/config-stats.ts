import { unpackResource } from "../src/config/compiler/resource-packing.ts";
import type { ListenerData } from "../src/listener/listener-data.ts";
import { compareListeners } from "../src/listener/listener-difference.ts";
import { ListenerManagerStats } from "../src/listener/listener-manager-stats.ts";
import type { Counter, Gauge, StatsScope } from "../src/stats/scope.ts";
import { ClusterManagerStats } from "../src/upstream/cluster-manager-stats.ts";
import type { CompiledConfig } from "./supervisor/config-compiler.ts";
import type { SnapshotChanges, SupervisorEvent } from "./supervisor/protocol.ts";

/**
 * What the main thread counts of configurations: Envoy's `cluster_manager.*` and `listener_manager.*`, and Troupe's own
 * `troupe.config.accepted`, `.refused` and `.version`.
 */
export class ConfigStats {
  readonly #clusters: ClusterManagerStats;
  readonly #listeners: ListenerManagerStats;
  readonly #accepted: Counter;
  readonly #refused: Counter;
  readonly #version: Gauge;
  readonly #workers: Gauge;
  #listenersInForce = new Map<string, ListenerData>();

  /** `root` is the main thread's root scope. */
  constructor(root: StatsScope) {
    this.#clusters = new ClusterManagerStats(root);
    this.#listeners = new ListenerManagerStats(root);
    this.#accepted = root.counter("troupe.config.accepted");
    this.#refused = root.counter("troupe.config.refused");
    this.#version = root.gauge("troupe.config.version");
    this.#workers = root.gauge("listener_manager.workers_started");
  }

  /** A configuration is in force. */
  onInForce(config: CompiledConfig, changes: SnapshotChanges): void {
    const count = (list: SnapshotChanges["added"], kind: string): number =>
      list.reduce((sum, resource) => sum + (resource.kind === kind ? 1 : 0), 0);
    this.#clusters.count({
      added: count(changes.added, "cluster"),
      modified: count(changes.changed, "cluster"),
      removed: count(changes.removed, "cluster"),
      active: count(config.resources, "cluster"),
    });
    this.#listeners.count({
      added: count(changes.added, "listener"),
      modified: count(changes.changed, "listener"),
      removed: count(changes.removed, "listener"),
      updatedInPlace: this.#updateListeners(config, changes),
    });
  }

  /** As the supervisor tells its subscribers. */
  onEvent(event: SupervisorEvent): void {
    if (event.type === "snapshotRefused") this.#refused.inc();
    if (event.type === "workerStarted") this.#workers.set(1);
    if (event.type !== "snapshotAccepted") return;
    this.#accepted.inc();
    this.#version.set(event.record.version ?? 0);
  }

  /** Notes the listeners in force; returns how many of the changed ones kept their sockets and unchanged filter chains. */
  #updateListeners(config: CompiledConfig, changes: SnapshotChanges): number {
    const touched = new Set(
      [...changes.added, ...changes.changed].flatMap(({ kind, name }) => (kind === "listener" ? name : [])),
    );
    for (const { kind, name } of changes.removed) if (kind === "listener") this.#listenersInForce.delete(name);
    let inPlace = 0;
    for (const { kind, name, data } of config.resources) {
      if (kind !== "listener" || !touched.has(name)) continue;
      const after = unpackResource(data) as ListenerData;
      const before = this.#listenersInForce.get(name);
      if (before !== undefined && compareListeners(before, after).type === "update") inPlace++;
      this.#listenersInForce.set(name, after);
    }
    return inPlace;
  }
}
