import net from "node:net";
import { AccessLogFiles } from "../../src/access-log/access-log-files.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { SystemRandom } from "../../src/base/random.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";
import { extensionModule, type WorkerContext } from "../../src/extensions/extension-module.ts";
import type { HcmData } from "../../src/extensions/network/http_connection_manager/hcm-data.ts";
import { loadWorkerExtensions } from "../../src/extensions/worker-extensions.ts";
import { ConnectionHandler } from "../../src/listener/connection-handler.ts";
import { type ListenerData, socketKey } from "../../src/listener/listener-data.ts";
import { WriteFlusher } from "../../src/net/write-flusher.ts";
import { RouteTable } from "../../src/route/route-table.ts";
import type { RouteTableData } from "../../src/route/route-table-data.ts";
import { RouteTables } from "../../src/route/route-tables.ts";
import type { StatsScope } from "../../src/stats/scope.ts";
import { CircuitBreakerCells } from "../../src/upstream/circuit-breaker-cells.ts";
import type { ClusterData } from "../../src/upstream/cluster-data.ts";
import { ClusterManager } from "../../src/upstream/cluster-manager.ts";
import { http1PoolEnvironment } from "../../src/upstream/http1-pool-environment.ts";

/** A worker's data plane in the calling thread: one listener with a connection manager, without actors. */
export interface DataPath {
  readonly port: number;
  readonly context: WorkerContext;
  readonly handler: ConnectionHandler;
  readonly clusters: ClusterManager;
  stop(): void;
}

/** Envoy's defaults, with a router as the only filter. */
export const PLAIN_HCM: HcmData = {
  statPrefix: "ingress",
  routeTable: "routes",
  httpFilters: [
    {
      filter: {
        name: "envoy.filters.http.router",
        extension: "envoy.filters.http.router",
        terminal: true,
        data: { suppressEnvoyHeaders: false },
      },
      disabled: false,
    },
  ],
  accessLogs: [],
  serverName: "envoy",
  serverHeaderTransformation: "overwrite",
  via: "",
  useRemoteAddress: false,
  skipXffAppend: false,
  xffNumTrustedHops: 0,
  internalCidrRanges: [],
  internalUnixSockets: false,
  appendXForwardedPort: false,
  generateRequestId: true,
  preserveExternalRequestId: false,
  alwaysSetRequestIdInResponse: false,
  normalizePath: false,
  mergeSlashes: false,
  escapedSlashes: "keep",
  stripPort: "none",
  stripTrailingHostDot: false,
  proxy100Continue: false,
  idleTimeoutMs: 3_600_000,
  maxConnectionDurationMs: 0,
  maxStreamDurationMs: 0,
  maxRequestsPerConnection: 0,
  maxHeadersCount: 100,
  maxRequestHeadersKb: 60,
  headersWithUnderscoresAction: "allow",
  streamIdleTimeoutMs: 300_000,
  requestTimeoutMs: 0,
  requestHeadersTimeoutMs: 0,
  delayedCloseTimeoutMs: 1000,
  acceptHttp10: false,
  enableTrailers: false,
  allowAbsoluteUrl: true,
};

/** A cluster called `name` with these endpoints on 127.0.0.1, and Envoy's defaults. */
export function plainCluster(name: string, ports: readonly number[]): ClusterData {
  const thresholds = {
    maxConnections: 1024,
    maxPendingRequests: 1024,
    maxRequests: 1024,
    maxRetries: 3,
    trackRemaining: false,
  };
  return {
    name,
    observabilityName: name,
    discovery: "static",
    connectTimeoutMs: 5000,
    idleTimeoutMs: 3_600_000,
    maxConnectionDurationMs: 0,
    maxRequestsPerConnection: 0,
    connectionSettings: {
      perConnectionBufferLimitBytes: 1024 * 1024,
      tcpKeepaliveTimeS: null,
      maxResponseHeadersBytes: 80 * 1024,
      maxResponseHeadersCount: 100,
      enableTrailers: false,
    },
    metadata: [],
    circuitBreakers: { default: thresholds, high: thresholds },
    loadBalancer: { type: "roundRobin" },
    priorityLoad: { panicThresholdPercent: 50, overprovisioningFactorPercent: 140, failTrafficOnPanic: false },
    endpoints: ports.map((port) => ({
      address: { type: "ip", ip: "127.0.0.1", port },
      hostname: "",
      weight: 1,
      priority: 0,
      locality: { region: "", zone: "", subZone: "" },
      healthStatus: "unknown",
      metadata: [],
    })),
  };
}

/** A route table that sends everything to `cluster`. */
export function plainRoutes(cluster: string): RouteTableData {
  const level = { perFilter: [], requestHeaders: null, responseHeaders: null };
  return {
    ...level,
    name: "routes",
    ignorePortInHostMatching: false,
    ignorePathParameters: false,
    mostSpecificHeaderMutationsWins: false,
    internalOnlyHeaders: [],
    virtualHosts: [
      {
        ...level,
        name: "all",
        domains: ["*"],
        requireTls: "none",
        includeRequestAttemptCount: false,
        includeAttemptCountInResponse: false,
        includeIsTimeoutRetryHeader: false,
        metadata: [],
        routes: [
          {
            ...level,
            name: "",
            statPrefix: "",
            match: {
              path: { type: "prefix", value: "/", ignoreCase: false },
              headers: [],
              queryParameters: [],
              grpc: false,
              fraction: null,
            },
            action: {
              type: "forward",
              cluster: { type: "name", name: cluster },
              clusterNotFoundStatus: 503,
              timeoutMs: 15_000,
              idleTimeoutMs: -1,
              maxStreamDuration: null,
              retryPolicy: null,
              hashPolicy: [],
              priority: "default",
              metadataMatch: null,
              pathRewrite: null,
              hostRewrite: null,
              appendXForwardedHost: false,
              upgrades: [],
            },
            metadata: [],
            decoratorOperation: "",
            decoratorPropagate: true,
            requestBufferLimitBytes: -1,
          },
        ],
      },
    ],
  };
}

/** Starts it on a free port of 127.0.0.1. */
export async function startDataPath(
  hcm: HcmData,
  routes: RouteTableData,
  clusterData: readonly ClusterData[],
  stats: StatsScope,
): Promise<DataPath> {
  const timers = new TimerWheel(systemClock);
  const random = new SystemRandom();
  const flusher = new WriteFlusher();
  const clusters = new ClusterManager({
    stats,
    workerName: "worker_0",
    random,
    environment: http1PoolEnvironment(timers, flusher),
  });
  const cells = new CircuitBreakerCells();
  const upserts = clusterData.map((data) => ({ data, hash: "1", breakerSlot: cells.allocate(data.name) }));
  clusters.apply({ upserts, removals: [], breakerChunks: cells.chunksFor(0) });
  const routeTables = new RouteTables();
  const format = { hostname: "test", environment: new Map(), clock: systemClock, random };
  routeTables.set(hcm.routeTable, new RouteTable(routes, () => undefined, format));
  const extensions = await loadWorkerExtensions();
  const context: WorkerContext = {
    clock: systemClock,
    timers,
    random,
    log: silentLogger,
    stats,
    clusters,
    routeTables,
    format,
    accessLogFiles: new AccessLogFiles({ timers, stats }),
    extensions,
  };
  const handler = new ConnectionHandler({
    workerIndex: 0,
    timers,
    flusher,
    random,
    stats,
    log: silentLogger,
    makeNetworkFilter: (filter, filterContext) =>
      extensionModule(extensions.networkFilters, filter.extension).createFactory(filter.data, filterContext, context),
    drain: { timeMs: 1000, strategy: "immediate" },
  });
  const socket = new net.BoundSocket({ host: "127.0.0.1", port: 0 });
  const { port } = socket.address() as net.AddressInfo;
  const listener = plainListener(hcm);
  const key = socketKey(listener, listener.addresses[0]!);
  handler.prepare({ upserts: [listener], removals: [] }, [{ key, socket }]).commit();
  const stop = (): void => {
    handler.close();
    clusters.close();
    timers.stop();
  };
  return { port, context, handler, clusters, stop };
}

function plainListener(hcm: HcmData): ListenerData {
  const name = "envoy.filters.network.http_connection_manager";
  return {
    name: "test",
    statPrefix: "test",
    addresses: [{ address: { type: "ip", ip: "127.0.0.1", port: 0 }, ipv6Only: false }],
    backlog: 128,
    reusePort: true,
    balance: "reusePort",
    bufferLimitBytes: 1024 * 1024,
    drainType: "default",
    trafficDirection: "unspecified",
    chains: [],
    defaultChain: {
      name: "",
      transportSocket: null,
      filters: [{ name, extension: name, terminal: true, data: hcm }],
    },
  };
}
