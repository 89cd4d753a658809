import { AccessLogFiles } from "../../src/access-log/access-log-files.ts";
import { createAccessLogs } from "../../src/access-log/filtered-log.ts";
import type { Clock } from "../../src/base/clock.ts";
import { extensionModule, type WorkerContext } from "../../src/extensions/extension-module.ts";
import { TlsContexts } from "../../src/extensions/transport_sockets/tls/tls-contexts.ts";
import type { LoadedExtensions } from "../../src/extensions/worker-extensions.ts";
import { FailedRequests } from "../../src/http/failed-requests.ts";
import { ConnectionHandler } from "../../src/listener/connection-handler.ts";
import { ConnectionLimits } from "../../src/listener/connection-limits.ts";
import { UdpHandler } from "../../src/listener/udp/udp-handler.ts";
import type { WriteFlusher } from "../../src/net/write-flusher.ts";
import { RouteTables } from "../../src/route/route-tables.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import { buildStatsMatcher } from "../../src/stats/stats-matcher.ts";
import { StatsShard as ThreadStats } from "../../src/stats/stats-shard.ts";
import { AsyncClient } from "../../src/upstream/async/async-client.ts";
import { ClusterManager } from "../../src/upstream/cluster-manager.ts";
import { hostsInWords } from "../../src/upstream/hosts-in-words.ts";
import { SharedLimits } from "../../src/upstream/limits/shared-limits.ts";
import { http1PoolEnvironment } from "../../src/upstream/pool/http1-pool-environment.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import type { WorkerServices } from "./runtime.ts";

/** What a worker serves requests with: each part once, made before the parts that need it. `SnapshotStaging` fills it. */
export class DataPlane {
  readonly extensions: LoadedExtensions;
  readonly shard: ThreadStats;
  readonly handler: ConnectionHandler;
  readonly udpHandler: UdpHandler;
  readonly routeTables = new RouteTables();
  readonly tlsContexts: TlsContexts;
  readonly clusters: ClusterManager;
  readonly asyncClient: AsyncClient;
  readonly accessLogFiles: AccessLogFiles;
  readonly limits: SharedLimits;
  readonly connectionLimits: ConnectionLimits;
  readonly runtime = new Runtime();
  readonly condition = { healthCheckFailed: false };
  /** What extensions get of all this. */
  readonly context: WorkerContext;
  /** The version of the configuration that is being built, which new listeners are of. */
  buildingVersion = 0;
  readonly #settings: ProxySettings;

  constructor(services: WorkerServices, settings: ProxySettings, extensions: LoadedExtensions, flusher: WriteFlusher) {
    const { clock, timers, random, log } = services;
    this.#settings = settings;
    this.extensions = extensions;
    this.tlsContexts = new TlsContexts(settings.ticketSecret);
    this.shard = new ThreadStats(buildStatsMatcher(settings.statsMatcher));
    const stats = this.shard.scope();
    this.clusters = new ClusterManager({
      stats,
      workerName: `worker_${services.number - 1}`,
      random,
      onHostFailed: services.hostFailed,
      onHostTripped: services.hostTripped,
      tables: services.tables,
      environment: http1PoolEnvironment(timers, flusher, random, ({ extension, data }, scope) =>
        extensionModule(extensions.transportSockets, extension).createUpstreamFactory(data, scope, this.context),
      ),
    });
    this.asyncClient = new AsyncClient(this.clusters, { timers, random });
    this.accessLogFiles = new AccessLogFiles({ timers, stats, flushIntervalMs: settings.fileFlushIntervalMs });
    this.limits = new SharedLimits(clock);
    this.connectionLimits = new ConnectionLimits(this.limits, this.runtime, stats);
    const failures = this.#createFailures(clock);
    this.context = {
      failures,
      clock,
      timers,
      random,
      log,
      stats,
      clusters: this.clusters,
      asyncClient: this.asyncClient,
      routeTables: this.routeTables,
      tlsContexts: this.tlsContexts,
      format: { hostname: settings.hostname, environment: new Map(settings.environment), clock, random },
      accessLogFiles: this.accessLogFiles,
      limits: this.limits,
      runtime: this.runtime,
      condition: this.condition,
      extensions,
    };
    this.handler = this.#createHandler(services, flusher);
    this.udpHandler = this.#createUdpHandler(services);
  }

  #createHandler({ number, random, timers, log }: WorkerServices, flusher: WriteFlusher): ConnectionHandler {
    const { stats, extensions } = this.context;
    return new ConnectionHandler({
      workerIndex: number - 1,
      timers,
      flusher,
      random,
      stats,
      log,
      makeNetworkFilter: (filter, context) =>
        extensionModule(extensions.networkFilters, filter.extension).createFactory(filter.data, context, this.context),
      makeListenerFilter: ({ extension, data }) =>
        extensionModule(extensions.listenerFilters, extension).createFactory(data, this.context),
      makeAccessLogs: (logs) =>
        createAccessLogs(
          logs,
          ({ extension, data }) =>
            extensionModule(extensions.accessLoggers, extension).createLogger(data, this.context),
          this.context,
        ),
      makeTransportSocket: ({ extension, data }, scope) =>
        extensionModule(extensions.transportSockets, extension).createDownstreamFactory(data, scope, this.context),
      connectionLimits: this.connectionLimits,
      drain: this.#settings.drain,
      buildingVersion: () => this.buildingVersion,
      failures: this.context.failures ?? null,
    });
  }

  #createUdpHandler({ timers, log }: WorkerServices): UdpHandler {
    const { stats, extensions } = this.context;
    return new UdpHandler({
      timers,
      stats,
      log,
      drain: this.#settings.drain,
      listenerStats: this.handler.listenerStats,
      buildingVersion: () => this.buildingVersion,
      makeUdpFilter: ({ extension, data }) =>
        extensionModule(extensions.udpListenerFilters, extension).createFilter(data, this.context, () =>
          this.handler.nextConnectionId(),
        ),
    });
  }

  #createFailures(clock: Clock): FailedRequests | null {
    const { failedRequests } = this.#settings;
    if (failedRequests === 0) return null;
    return new FailedRequests(failedRequests, clock, {
      hosts: (cluster, criteria) => hostsInWords(this.clusters.explain(cluster), criteria),
      openBreakers: (cluster) => this.clusters.openBreakers(cluster),
    });
  }
}
