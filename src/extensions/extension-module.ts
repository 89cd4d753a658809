import type { AccessLog } from "../access-log/access-log.ts";
import type { AccessLogFiles } from "../access-log/access-log-files.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { RandomSource } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { FailedRequests } from "../http/failed-requests.ts";
import type { HttpFilterFactory } from "../http/filter.ts";
import type { FormatEnvironment } from "../http/format/format-context.ts";
import type { NetworkFilterContext } from "../listener/listener-context.ts";
import type { ListenerFilterFactory } from "../net/listener-filter.ts";
import type { NetworkFilterFactory } from "../net/network-filter.ts";
import type { DownstreamTransportSocketFactory, UpstreamTransportSocketFactory } from "../net/transport-socket.ts";
import type { UdpListenerFilter } from "../net/udp-listener-filter.ts";
import type { RouteTables } from "../route/route-tables.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { StatsScope } from "../stats/scope.ts";
import type { Tracer } from "../tracing/tracer.ts";
import type { AsyncClient } from "../upstream/async/async-client.ts";
import type { SharedLimits } from "../upstream/limits/shared-limits.ts";
import type { ClusterDirectory } from "../upstream/thread-local-cluster.ts";
import type { ExplainSources, FilterExplanation, FilterQuestion, UdpExplanation } from "./explanation.ts";
import type { TlsContextDirectory } from "./transport_sockets/tls/tls-contexts.ts";

/** How the server as a whole is. Changes while it runs. */
export interface WorkerCondition {
  /** The server says of itself that it fails: `/healthcheck/fail`. */
  readonly healthCheckFailed: boolean;
}

/** What extensions find on their worker. One per worker, made before the first snapshot, the same for its whole life. */
export interface WorkerContext {
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
  readonly clusters: ClusterDirectory;
  /** For requests that the proxy itself makes. */
  readonly asyncClient: AsyncClient;
  readonly routeTables: RouteTables;
  readonly tlsContexts: TlsContextDirectory;
  readonly format: FormatEnvironment;
  readonly accessLogFiles: AccessLogFiles;
  /** Remembers failed requests; absent or null: nobody does. */
  readonly failures?: FailedRequests | null;
  /** Limits that all workers keep to together. */
  readonly limits: SharedLimits;
  /** The runtime values of this worker. */
  readonly runtime: Runtime;
  readonly condition: WorkerCondition;
  readonly extensions: WorkerExtensions;
}

/** Where an HTTP filter is configured. */
export interface HttpFilterContext {
  readonly worker: WorkerContext;
  /** `http.<stat_prefix>` of the connection manager; released with it. */
  readonly scope: StatsScope;
}

/** The worker-side half of an HTTP filter: what its `filter.ts` exports as `httpFilter`. */
export interface HttpFilterModule {
  /** Does beforehand what can't be done at once, such as loading a file. A rejection refuses the snapshot with its reason. */
  preload?(data: unknown, worker: WorkerContext): Promise<void>;
  /** Throws with the reason if it can't. `data` is what the extension's `compile` returned. */
  createFactory(data: unknown, context: HttpFilterContext): HttpFilterFactory;
  /** Turns what `compileRoute` returned into what the filter gets from `perFilterConfig`. The data itself if absent. */
  createRouteConfig?(data: unknown, worker: WorkerContext): unknown;
  /** Releases what `createRouteConfig` returned: its route table is gone. Requests under way may still read it. */
  disposeRouteConfig?(config: unknown): void;
}

/** The worker-side half of a network filter: what its `filter.ts` exports as `networkFilter`. */
export interface NetworkFilterModule {
  preload?(data: unknown, worker: WorkerContext): Promise<void>;
  createFactory(data: unknown, context: NetworkFilterContext, worker: WorkerContext): NetworkFilterFactory;
  /** What its filters would do with a request or connection; absent if it passes connections on, or can't tell. Changes nothing. */
  explain?(data: unknown, question: FilterQuestion, sources: ExplainSources): FilterExplanation;
}

/** The worker-side half of a listener filter: what its `factory.ts` exports as `listenerFilter`. */
export interface ListenerFilterModule {
  createFactory(data: unknown, worker: WorkerContext): ListenerFilterFactory;
}

/** The worker-side half of a UDP listener filter: what its `factory.ts` exports as `udpListenerFilter`. */
export interface UdpListenerFilterModule {
  /** `nextSessionId` numbers what clients have under way. */
  createFilter(data: unknown, worker: WorkerContext, nextSessionId: () => number): UdpListenerFilter;
  /** What it would do with the datagrams of a new client. Changes nothing. */
  explain(data: unknown, sources: ExplainSources): UdpExplanation;
}

/** What access loggers find on their thread: a worker, or the main thread for the admin endpoint. */
export type AccessLoggerContext = Pick<WorkerContext, "format" | "accessLogFiles">;

/** The worker-side half of an access logger: what its `logger.ts` exports as `accessLogger`. */
export interface AccessLoggerModule {
  createLogger(data: unknown, thread: AccessLoggerContext): AccessLog;
}

/** The worker-side half of a tracing provider: what its `factory.ts` exports as `tracer`. */
export interface TracerModule {
  /** The tracer of one connection manager, which releases it. */
  createTracer(data: unknown, worker: WorkerContext): Tracer;
}

/** What transport sockets to upstream hosts find on their thread: a worker, or the main thread for health checks. */
export interface UpstreamSocketContext extends Pick<WorkerContext, "clock" | "log" | "tlsContexts"> {
  readonly extensions: Pick<WorkerExtensions, "transportSockets">;
}

/** The worker-side half of a transport socket. */
export interface TransportSocketModule {
  createDownstreamFactory(
    data: unknown,
    listenerScope: StatsScope,
    worker: WorkerContext,
  ): DownstreamTransportSocketFactory;
  /** `clusterScope` is released with the cluster. */
  createUpstreamFactory(
    data: unknown,
    clusterScope: StatsScope,
    thread: UpstreamSocketContext,
  ): UpstreamTransportSocketFactory;
}

/** The worker-side halves of all extensions, by name. */
export interface WorkerExtensions {
  readonly httpFilters: ReadonlyMap<string, HttpFilterModule>;
  readonly networkFilters: ReadonlyMap<string, NetworkFilterModule>;
  readonly listenerFilters: ReadonlyMap<string, ListenerFilterModule>;
  readonly udpListenerFilters: ReadonlyMap<string, UdpListenerFilterModule>;
  readonly accessLoggers: ReadonlyMap<string, AccessLoggerModule>;
  readonly transportSockets: ReadonlyMap<string, TransportSocketModule>;
  readonly tracers: ReadonlyMap<string, TracerModule>;
}

/** The module called `name`; throws if there is none, which means that main side and worker are not of one build. */
export function extensionModule<Module>(modules: ReadonlyMap<string, Module>, name: string): Module {
  const module = modules.get(name);
  if (module === undefined) throw new Error(`there is no extension ${name}`);
  return module;
}
