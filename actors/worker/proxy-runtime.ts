import type { BoundSocket, Socket } from "node:net";
import { AccessLogFiles } from "../../src/access-log/access-log-files.ts";
import { createAccessLogs } from "../../src/access-log/filtered-log.ts";
import type { AttributeValue } from "../../src/actor/inspection/actor-report.ts";
import { settleWithin } from "../../src/actor/settle-within.ts";
import type { ApplicationLog } from "../../src/base/application-log.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { LogLevel } from "../../src/base/log.ts";
import { memoryHeld } from "../../src/base/memory-held.ts";
import { nextTurn } from "../../src/base/turn.ts";
import { explainRequest } from "../../src/extensions/explain-request.ts";
import type { ExplainRequest, Explanation } from "../../src/extensions/explanation.ts";
import { extensionModule, type WorkerContext } from "../../src/extensions/extension-module.ts";
import type { ClientTlsContext } from "../../src/extensions/transport_sockets/tls/client-tls-context.ts";
import type { ServerTlsContext } from "../../src/extensions/transport_sockets/tls/server-tls-context.ts";
import { TlsContexts } from "../../src/extensions/transport_sockets/tls/tls-contexts.ts";
import type { LoadedExtensions } from "../../src/extensions/worker-extensions.ts";
import { createRouteTable } from "../../src/extensions/worker-route-table.ts";
import { FailedRequests } from "../../src/http/failed-requests.ts";
import { ConnectionHandler, type PreparedListeners } from "../../src/listener/connection-handler.ts";
import { ConnectionLimits, listenerConnectionsCount } from "../../src/listener/connection-limits.ts";
import type { ListenerData } from "../../src/listener/listener-data.ts";
import type { HandedSocket } from "../../src/listener/listening-sockets.ts";
import { prepareListeners } from "../../src/listener/prepare-listeners.ts";
import { UdpHandler } from "../../src/listener/udp/udp-handler.ts";
import type { WriteFlusher } from "../../src/net/write-flusher.ts";
import type { RouteTable } from "../../src/route/route-table.ts";
import { RouteTables } from "../../src/route/route-tables.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import type { RuntimeEntry } from "../../src/runtime/runtime-entry.ts";
import { isEmptyDelta } from "../../src/stats/stats-delta.ts";
import { buildStatsMatcher } from "../../src/stats/stats-matcher.ts";
import { StatsShard as ThreadStats } from "../../src/stats/stats-shard.ts";
import { AsyncClient } from "../../src/upstream/async/async-client.ts";
import type { BreakerChunk } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import { type ClusterChanges, ClusterManager } from "../../src/upstream/cluster-manager.ts";
import { hostsInWords } from "../../src/upstream/hosts-in-words.ts";
import { SharedLimits } from "../../src/upstream/limits/shared-limits.ts";
import type { MembershipDelta } from "../../src/upstream/membership/membership-delta.ts";
import { http1PoolEnvironment } from "../../src/upstream/pool/http1-pool-environment.ts";
import { breakerExtras } from "./breaker-extras.ts";
import type {
  Drain,
  Drained,
  DrainListeners,
  InspectQuery,
  ListeningServer,
  ResourceName,
  ServerCount,
  StatsShard,
} from "./protocol.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import type { SnapshotChange, WorkerResource, WorkerRuntime, WorkerServices } from "./runtime.ts";
import { type KnownKind, resourcesOf, unknownKind } from "./snapshot-resources.ts";
import { isListingName, WorkerListings } from "./worker-listings.ts";

/** How long a worker that stops waits for its access logs. */
const LOG_DRAIN_MS = 1000;

/** A version that is built and not in force. */
interface Staged {
  readonly change: SnapshotChange;
  readonly listeners: PreparedListeners;
  readonly routeTables: ReadonlyMap<string, RouteTable>;
  readonly tlsContexts: ReadonlyMap<string, ServerTlsContext | ClientTlsContext>;
  readonly clusters: ClusterChanges;
}

/** The data plane of a worker: listeners, route tables and clusters, made of the snapshot's data. */
export class ProxyRuntime implements WorkerRuntime {
  readonly #settings: ProxySettings;
  readonly #applicationLog: ApplicationLog;
  readonly #stats: ThreadStats;
  readonly #handler: ConnectionHandler;
  readonly #udpHandler: UdpHandler;
  readonly #routeTables = new RouteTables();
  readonly #tlsContexts: TlsContexts;
  readonly #clusters: ClusterManager;
  readonly #asyncClient: AsyncClient;
  readonly #accessLogFiles: AccessLogFiles;
  readonly #limits: SharedLimits;
  readonly #connectionLimits: ConnectionLimits;
  readonly #values = new Runtime();
  readonly #condition = { healthCheckFailed: false };
  readonly #extensions: LoadedExtensions;
  readonly #context: WorkerContext;
  /** Names in force, by kind. */
  readonly #listings: WorkerListings;
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
  /** The version that is being built. */
  #building = 0;

  constructor(
    services: WorkerServices,
    settings: ProxySettings,
    extensions: LoadedExtensions,
    applicationLog: ApplicationLog,
    flusher: WriteFlusher,
  ) {
    this.#applicationLog = applicationLog;
    const { clock, timers, random, log } = services;
    this.#settings = settings;
    this.#extensions = extensions;
    this.#tlsContexts = new TlsContexts(settings.ticketSecret);
    this.#stats = new ThreadStats(buildStatsMatcher(settings.statsMatcher));
    const stats = this.#stats.scope();
    this.#clusters = new ClusterManager({
      stats,
      workerName: `worker_${services.number - 1}`,
      random,
      onHostFailed: services.hostFailed,
      onHostTripped: services.hostTripped,
      tables: services.tables,
      environment: http1PoolEnvironment(timers, flusher, random, ({ extension, data }, scope) =>
        extensionModule(extensions.transportSockets, extension).createUpstreamFactory(data, scope, this.#context),
      ),
    });
    this.#asyncClient = new AsyncClient(this.#clusters, { timers, random });
    this.#accessLogFiles = new AccessLogFiles({ timers, stats, flushIntervalMs: settings.fileFlushIntervalMs });
    this.#limits = new SharedLimits(clock);
    this.#connectionLimits = new ConnectionLimits(this.#limits, this.#values, stats);
    const failures = this.#createFailures(clock);
    this.#context = {
      failures,
      clock,
      timers,
      random,
      log,
      stats,
      clusters: this.#clusters,
      asyncClient: this.#asyncClient,
      routeTables: this.#routeTables,
      tlsContexts: this.#tlsContexts,
      format: { hostname: settings.hostname, environment: new Map(settings.environment), clock, random },
      accessLogFiles: this.#accessLogFiles,
      limits: this.#limits,
      runtime: this.#values,
      condition: this.#condition,
      extensions,
    };
    this.#handler = this.#createHandler(services, flusher);
    this.#udpHandler = this.#createUdpHandler(services);
    this.#listings = new WorkerListings(this.#handler, this.#udpHandler, this.#clusters, failures, clock);
  }

  #createHandler({ number, random, timers, log }: WorkerServices, flusher: WriteFlusher): ConnectionHandler {
    const { stats, extensions } = this.#context;
    return new ConnectionHandler({
      workerIndex: number - 1,
      timers,
      flusher,
      random,
      stats,
      log,
      makeNetworkFilter: (filter, context) =>
        extensionModule(extensions.networkFilters, filter.extension).createFactory(filter.data, context, this.#context),
      makeListenerFilter: ({ extension, data }) =>
        extensionModule(extensions.listenerFilters, extension).createFactory(data, this.#context),
      makeAccessLogs: (logs) =>
        createAccessLogs(
          logs,
          ({ extension, data }) =>
            extensionModule(extensions.accessLoggers, extension).createLogger(data, this.#context),
          this.#context,
        ),
      makeTransportSocket: ({ extension, data }, scope) =>
        extensionModule(extensions.transportSockets, extension).createDownstreamFactory(data, scope, this.#context),
      connectionLimits: this.#connectionLimits,
      drain: this.#settings.drain,
      buildingVersion: () => this.#building,
      failures: this.#context.failures ?? null,
    });
  }

  #createUdpHandler({ timers, log }: WorkerServices): UdpHandler {
    const { stats, extensions } = this.#context;
    return new UdpHandler({
      timers,
      stats,
      log,
      drain: this.#settings.drain,
      listenerStats: this.#handler.listenerStats,
      buildingVersion: () => this.#building,
      makeUdpFilter: ({ extension, data }) =>
        extensionModule(extensions.udpListenerFilters, extension).createFilter(data, this.#context, () =>
          this.#handler.nextConnectionId(),
        ),
    });
  }

  #createFailures(clock: Clock): FailedRequests | null {
    const { failedRequests } = this.#settings;
    if (failedRequests === 0) return null;
    return new FailedRequests(failedRequests, clock, {
      hosts: (cluster, criteria) => hostsInWords(this.#clusters.explain(cluster), criteria),
      openBreakers: (cluster) => this.#clusters.openBreakers(cluster),
    });
  }

  async prepare(change: SnapshotChange): Promise<void> {
    const sockets = boundSockets(change);
    const routeTables = new Map<string, RouteTable>();
    this.#building = change.version;
    try {
      const unknown = unknownKind(change.upserts);
      if (unknown !== undefined) throw new Error(`this worker knows no resources of kind ${unknown}`);
      await this.#extensions.load(change.extensions);
      this.#limits.attach(breakerExtras(change.extras).limits);
      const listeners = resourcesOf("listener", change.upserts).map((resource) => resource.data);
      await this.#preload(listeners);
      for (const { name, data } of resourcesOf("routeTable", change.upserts)) {
        routeTables.set(name, createRouteTable(data, this.#context));
      }
      const tlsContexts = new Map(
        resourcesOf("tlsContext", change.upserts).map(({ name, data }) => [name, this.#tlsContexts.build(data)]),
      );
      const clusters = this.#clusterChanges(change);
      // Last, because from here on the handler owns the sockets.
      const prepared = prepareListeners(
        this.#handler,
        this.#udpHandler,
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

  async commit(version: number): Promise<void> {
    const staged = this.#staged;
    if (staged === null || staged.change.version !== version) throw new Error(`version ${version} is not prepared`);
    this.#staged = null;
    for (const [name, context] of staged.tlsContexts) this.#tlsContexts.set(name, context);
    for (const { data } of resourcesOf("runtime", staged.change.upserts)) this.#values.setLayers(data);
    if (this.#removed("runtime", staged.change).length > 0) this.#values.setLayers([]);
    for (const { data } of resourcesOf("overload", staged.change.upserts)) {
      this.#connectionLimits.setMonitor(data.maxDownstreamConnections);
    }
    if (this.#removed("overload", staged.change).length > 0) this.#connectionLimits.setMonitor(null);
    // Clusters before routes before listeners: nothing may refer to what is not there yet.
    this.#clusters.apply(staged.clusters);
    for (const [name, table] of staged.routeTables) this.#routeTables.set(name, table);
    staged.listeners.commit();
    for (const name of this.#removed("routeTable", staged.change)) this.#routeTables.remove(name);
    for (const kind of ["sharedCount", "tokenBucket", "sharedValue"] as const) {
      for (const name of this.#removed(kind, staged.change)) this.#limits.forget(name);
    }
    for (const name of this.#removed("listener", staged.change)) this.#limits.forget(listenerConnectionsCount(name));
    for (const name of this.#removed("tlsContext", staged.change)) this.#tlsContexts.remove(name);
    this.#noteNames(staged.change);
    // The sockets listen when this turn of the event loop is over.
    await new Promise<void>((resolve) => nextTurn(resolve));
  }

  abort(version: number): void {
    if (this.#staged === null || this.#staged.change.version !== version) return;
    this.#abortStaged();
  }

  updateMembership(deltas: readonly MembershipDelta[], hostChunks: readonly BreakerChunk[]): readonly string[] {
    return this.#clusters.applyMembership(deltas, hostChunks);
  }

  takeListeningServers(servers: "all" | readonly ServerCount[]): ListeningServer[] {
    return this.#handler.takeServers(servers);
  }

  adoptListeningServers(servers: readonly ListeningServer[]): void {
    this.#handler.adopt(servers);
  }

  acceptConnection(key: string, socket: Socket, onClosed: () => void): void {
    this.#handler.acceptSocket(key, socket, onClosed);
  }

  async drain({ deadlineMs, immediate, idleMs }: Pick<Drain, "deadlineMs" | "immediate" | "idleMs">): Promise<Drained> {
    this.#handler.stopListening();
    this.#udpHandler.stopListening();
    const before = this.#handler.connectionCount;
    const cutBefore = this.#handler.cutCount;
    this.#handler.startDrain({ timeMs: deadlineMs, strategy: immediate ? "immediate" : "gradual", idleMs });
    await new Promise<void>((resolve) => this.#handler.whenEmpty(resolve));
    const cut = this.#handler.cutCount - cutBefore;
    return { type: "drained", finished: before - cut, cut };
  }

  drainListeners({ graceful, inboundOnly }: DrainListeners): void {
    if (graceful) this.#handler.startDrain(this.#settings.drain, inboundOnly);
    else {
      this.#handler.stopListening(inboundOnly);
      this.#udpHandler.stopListening(inboundOnly);
    }
  }

  async stop(): Promise<void> {
    this.#abortStaged();
    this.#handler.close();
    this.#udpHandler.close();
    this.#asyncClient.close();
    this.#clusters.close();
    // A thread that ends takes with it what is on its way to a disk.
    const drained = new Promise<void>((resolve) => this.#accessLogFiles.drain(resolve));
    await settleWithin(this.#context.timers, LOG_DRAIN_MS, drained);
    this.#accessLogFiles.flushSync();
    this.#context.timers.stop();
  }

  takeStats(): StatsShard | undefined {
    this.#clusters.refreshGauges();
    const delta = this.#stats.takeDelta();
    const newMemory = this.#stats.takeNewMemory();
    return isEmptyDelta(delta) && newMemory.length === 0 ? undefined : { delta, newMemory };
  }

  resetCounters(): void {}

  *attributes(): Iterable<readonly [string, AttributeValue]> {
    yield ["connections", this.#handler.connectionCount];
    yield ["udpSessions", this.#udpHandler.activeCount];
    yield ["upstreamConnections", this.#clusters.connectionCount];
    yield ["armedTimers", this.#context.timers.armedCount];
    yield ["longestStallMs", Math.round(this.#context.timers.takeLongestLatenessMs())];
  }

  inspect({ view, parameters }: InspectQuery): unknown {
    if (isListingName(view)) return this.#listings.piece(view, parameters ?? {});
    switch (view) {
      case "listeners":
        return this.#handler.inspect(0);
      case "explain":
        return this.#explain(JSON.parse(parameters?.request ?? "{}") as ExplainRequest);
      case "memory":
        return memoryHeld();
      default:
        throw new Error(`a worker has no view called ${view}`);
    }
  }

  describe(): unknown {
    const { listeners, connectionCount } = this.#handler.inspect(0);
    return {
      listeners: [...listeners, ...this.#udpHandler.reports()],
      connectionCount,
      prepared: this.#staged === null ? null : this.#staged.change.version,
      resources: Object.fromEntries(Object.entries(this.#names).map(([kind, names]) => [kind, names.size])),
    };
  }

  closeConnection(id: number): boolean {
    return this.#handler.closeConnection(id) || this.#udpHandler.closeSession(id);
  }

  estimateDrain(upserts: readonly WorkerResource[], removed: readonly ResourceName[]): number {
    const changes = {
      upserts: resourcesOf("listener", upserts).map((resource) => resource.data),
      removals: namesOf("listener", removed),
    };
    const drains = [...this.#handler.forecast(changes), ...this.#udpHandler.forecast(changes)];
    return drains.reduce((sum, { connections }) => sum + connections, 0);
  }

  setLogLevel(component: string, level: LogLevel): void {
    this.#applicationLog.setLevel(component, level);
  }

  /** Writes what access logs have in memory while the thread waits; for its last moments. */
  flushLogs(): void {
    this.#accessLogFiles.flushSync();
  }

  reopenLogs(): void {
    this.#accessLogFiles.reopen();
    this.#applicationLog.reopen();
  }

  setRuntimeOverrides(overrides: ReadonlyMap<string, RuntimeEntry>): void {
    this.#values.setOverrides(overrides);
  }

  setHealthCheckFailed(failed: boolean): void {
    this.#condition.healthCheckFailed = failed;
    this.#handler.setHealthCheckFailed(failed);
  }

  #explain(request: ExplainRequest): Explanation {
    const { clock, random, extensions } = this.#context;
    return explainRequest(request, {
      clock,
      random,
      listeners: [...this.#handler.current(), ...this.#udpHandler.current()],
      networkFilters: extensions.networkFilters,
      udpListenerFilters: extensions.udpListenerFilters,
      routeTable: (name) => this.#routeTables.find(name),
      cluster: (name) => this.#clusters.explain(name),
    });
  }

  async #preload(listeners: readonly ListenerData[]): Promise<void> {
    const modules = this.#context.extensions.networkFilters;
    const chains = listeners.flatMap(({ chains, defaultChain }) => (defaultChain ? [...chains, defaultChain] : chains));
    const filters = chains.flatMap((chain) => chain.filters);
    await Promise.all(
      filters.map((filter) => extensionModule(modules, filter.extension).preload?.(filter.data, this.#context)),
    );
  }

  #abortStaged(): void {
    if (this.#staged === null) return;
    this.#staged.listeners.abort();
    disposeTables(this.#staged.routeTables);
    this.#staged = null;
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

function namesOf(kind: KnownKind, resources: readonly ResourceName[]): string[] {
  return resources.filter((resource) => resource.kind === kind).map((resource) => resource.name);
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
