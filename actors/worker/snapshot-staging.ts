import type { BoundSocket } from "node:net";
import { settleYoung } from "../../src/base/settle-young.ts";
import { nextTurn } from "../../src/base/turn.ts";
import { extensionModule } from "../../src/extensions/extension-module.ts";
import type { ClientTlsContext } from "../../src/extensions/transport_sockets/tls/client-tls-context.ts";
import type { ServerTlsContext } from "../../src/extensions/transport_sockets/tls/server-tls-context.ts";
import { createRouteTable } from "../../src/extensions/worker-route-table.ts";
import type { PreparedListeners } from "../../src/listener/connection-handler.ts";
import { listenerConnectionsCount } from "../../src/listener/connection-limits.ts";
import type { ListenerData } from "../../src/listener/listener-data.ts";
import type { HandedSocket } from "../../src/listener/listening-sockets.ts";
import { prepareListeners } from "../../src/listener/prepare-listeners.ts";
import type { RouteTable } from "../../src/route/route-table.ts";
import type { ClusterChanges } from "../../src/upstream/cluster-manager.ts";
import { breakerExtras } from "./breaker-extras.ts";
import type { DataPlane } from "./data-plane.ts";
import type { SnapshotChange } from "./runtime.ts";
import { type KnownKind, namesOf, resourcesOf, unknownKind } from "./snapshot-resources.ts";

/** A version that is built and not in force. */
interface Staged {
  readonly change: SnapshotChange;
  readonly listeners: PreparedListeners;
  readonly routeTables: ReadonlyMap<string, RouteTable>;
  readonly tlsContexts: ReadonlyMap<string, ServerTlsContext | ClientTlsContext>;
  readonly clusters: ClusterChanges;
}

/** Brings versions of the configuration into a worker's data plane: each is built beside what is there, then put in force or dropped. */
export class SnapshotStaging {
  readonly #plane: DataPlane;
  /** Names in force, by kind. */
  readonly #names: Record<KnownKind, Set<string>> = {
    listener: new Set(),
    routeTable: new Set(),
    cluster: new Set(),
    sharedCount: new Set(),
    tokenBucket: new Set(),
    sharedValue: new Set(),
    tlsContext: new Set(),
    runtime: new Set(),
    overload: new Set(),
  };
  #staged: Staged | null = null;

  constructor(plane: DataPlane) {
    this.#plane = plane;
  }

  /** The version that is built and not in force; null if there is none. */
  get preparedVersion(): number | null {
    return this.#staged === null ? null : this.#staged.change.version;
  }

  /** How many resources of each kind are in force. */
  resourceCounts(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#names).map(([kind, names]) => [kind, names.size]));
  }

  /** Builds a version. Throws with the reason if it can't be built; then nothing has changed, and its sockets are closed. */
  async prepare(change: SnapshotChange): Promise<void> {
    const sockets = boundSockets(change);
    const routeTables = new Map<string, RouteTable>();
    this.#plane.buildingVersion = change.version;
    try {
      const unknown = unknownKind(change.upserts);
      if (unknown !== undefined) throw new Error(`this worker knows no resources of kind ${unknown}`);
      await this.#plane.extensions.load(change.extensions);
      this.#plane.limits.attach(breakerExtras(change.extras).limits);
      const listeners = resourcesOf("listener", change.upserts).map((resource) => resource.data);
      await this.#preload(listeners);
      for (const { name, data } of resourcesOf("routeTable", change.upserts)) {
        routeTables.set(name, createRouteTable(data, this.#plane.context));
      }
      const tlsContexts = new Map(
        resourcesOf("tlsContext", change.upserts).map(({ name, data }) => [name, this.#plane.tlsContexts.build(data)]),
      );
      const clusters = this.#clusterChanges(change);
      // Last, because from here on the handler owns the sockets.
      const prepared = prepareListeners(
        this.#plane.handler,
        this.#plane.udpHandler,
        { upserts: listeners, removals: this.#removed("listener", change) },
        {
          sockets,
          udp: change.sockets.filter((socket) => socket.kind === "udp"),
          pipes: new Set(change.sockets.flatMap(({ kind, key }) => (kind === "pipe" ? key : []))),
        },
      );
      this.#staged = { change, listeners: prepared, routeTables, tlsContexts, clusters };
    } catch (error) {
      for (const { socket } of sockets) closeQuietly(socket);
      disposeTables(routeTables);
      throw error;
    }
  }

  /** Puts the version that was built in force. Throws if it is another one. */
  async commit(version: number): Promise<void> {
    const staged = this.#staged;
    if (staged === null || staged.change.version !== version) throw new Error(`version ${version} is not prepared`);
    this.#staged = null;
    const plane = this.#plane;
    const { change } = staged;
    for (const [name, context] of staged.tlsContexts) plane.tlsContexts.set(name, context);
    for (const { data } of resourcesOf("runtime", change.upserts)) plane.runtime.setLayers(data);
    if (this.#removed("runtime", change).length > 0) plane.runtime.setLayers([]);
    for (const { data } of resourcesOf("overload", change.upserts)) {
      plane.connectionLimits.setMonitor(data.maxDownstreamConnections);
    }
    if (this.#removed("overload", change).length > 0) plane.connectionLimits.setMonitor(null);
    // Clusters before routes before listeners: nothing may refer to what is not there yet.
    plane.clusters.apply(staged.clusters);
    for (const [name, table] of staged.routeTables) plane.routeTables.set(name, table);
    if (this.#names.listener.size === 0) settleYoung();
    staged.listeners.commit();
    for (const name of this.#removed("routeTable", change)) plane.routeTables.remove(name);
    for (const kind of ["sharedCount", "tokenBucket", "sharedValue"] as const) {
      for (const name of this.#removed(kind, change)) plane.limits.forget(name);
    }
    for (const name of this.#removed("listener", change)) plane.limits.forget(listenerConnectionsCount(name));
    for (const name of this.#removed("tlsContext", change)) plane.tlsContexts.remove(name);
    this.#noteNames(change);
    // The sockets listen when this turn of the event loop is over.
    await new Promise<void>((resolve) => nextTurn(resolve));
  }

  /** Drops what is built and not in force, if anything is. */
  abort(): void {
    if (this.#staged === null) return;
    this.#staged.listeners.abort();
    disposeTables(this.#staged.routeTables);
    this.#staged = null;
  }

  async #preload(listeners: readonly ListenerData[]): Promise<void> {
    const modules = this.#plane.context.extensions.networkFilters;
    const chains = listeners.flatMap(({ chains, defaultChain }) => (defaultChain ? [...chains, defaultChain] : chains));
    const filters = chains.flatMap((chain) => chain.filters);
    await Promise.all(
      filters.map((filter) => extensionModule(modules, filter.extension).preload?.(filter.data, this.#plane.context)),
    );
  }

  #clusterChanges(change: SnapshotChange): ClusterChanges {
    const { slots, chunks } = breakerExtras(change.extras);
    const upserts = resourcesOf("cluster", change.upserts).map(({ name, hash, data }) => {
      const breakerSlot = slots.get(name);
      if (breakerSlot === undefined) throw new Error(`cluster ${name} comes without memory for its circuit breakers`);
      return { data, hash, breakerSlot };
    });
    return { upserts, removals: this.#removed("cluster", change), breakerChunks: chunks };
  }

  /** Names of the resources that a change takes away. */
  #removed(kind: KnownKind, change: SnapshotChange): string[] {
    if (!change.full) return namesOf(kind, change.removed);
    const staying = new Set(namesOf(kind, change.upserts));
    return [...this.#names[kind]].filter((name) => !staying.has(name));
  }

  #noteNames(change: SnapshotChange): void {
    for (const kind of Object.keys(this.#names) as KnownKind[]) {
      for (const name of this.#removed(kind, change)) this.#names[kind].delete(name);
      for (const name of namesOf(kind, change.upserts)) this.#names[kind].add(name);
    }
  }
}

function disposeTables(tables: ReadonlyMap<string, RouteTable>): void {
  for (const table of tables.values()) table.dispose();
}

function boundSockets(change: SnapshotChange): HandedSocket[] {
  const bound: HandedSocket[] = [];
  for (const socket of change.sockets) {
    if (socket.kind === "bound") bound.push({ key: socket.key, socket: socket.socket });
  }
  return bound;
}

function closeQuietly(socket: BoundSocket): void {
  try {
    socket.close();
  } catch {
    // Closed already: by the handler, when it refused the listeners.
  }
}
