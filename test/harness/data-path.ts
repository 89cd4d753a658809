import net from "node:net";
import { AccessLogFiles } from "../../src/access-log/access-log-files.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/log.ts";
import { type RandomSource, SystemRandom } from "../../src/base/random.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";
import { ConfigurationCompiler } from "../../src/config/compiler/configuration-compiler.ts";
import { unpackResource } from "../../src/config/compiler/resource-packing.ts";
import { problemsText } from "../../src/config/config-problem.ts";
import { loadCompilerTable } from "../../src/extensions/compiler-table.ts";
import { extensionModule, type WorkerContext } from "../../src/extensions/extension-module.ts";
import { TlsContexts } from "../../src/extensions/transport_sockets/tls/tls-contexts.ts";
import { LoadedExtensions } from "../../src/extensions/worker-extensions.ts";
import { createRouteTable } from "../../src/extensions/worker-route-table.ts";
import { ResponseFlag, type StreamInfo } from "../../src/http/stream-info.ts";
import { ConnectionHandler } from "../../src/listener/connection-handler.ts";
import {
  ConnectionLimits,
  DOWNSTREAM_CONNECTIONS_COUNT,
  listenerConnectionsCount,
} from "../../src/listener/connection-limits.ts";
import { type ListenerData, socketKey } from "../../src/listener/listener-data.ts";
import { WriteFlusher } from "../../src/net/write-flusher.ts";
import type { RouteTable } from "../../src/route/route-table.ts";
import type { RouteTableData } from "../../src/route/route-table-data.ts";
import { RouteTables } from "../../src/route/route-tables.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import { AsyncClient } from "../../src/upstream/async/async-client.ts";
import { CircuitBreakerCells } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { ClusterData } from "../../src/upstream/cluster-data.ts";
import { ClusterManager } from "../../src/upstream/cluster-manager.ts";
import { SharedLimits } from "../../src/upstream/limits/shared-limits.ts";
import { http1PoolEnvironment } from "../../src/upstream/pool/http1-pool-environment.ts";
import type { FakeClock } from "./fake-clock.ts";
import { RecordingStats } from "./recording-stats.ts";

/** Surroundings that a test may choose. */
export interface DataPathOptions {
  /** Time stands still but for `advance`; default: the machine's clock. */
  readonly clock?: FakeClock;
  readonly random?: RandomSource;
  readonly log?: Logger;
}

/** One line of the access log. */
export interface LoggedStream {
  readonly status: number;
  /** Short names, in Envoy's order, joined by commas. */
  readonly flags: string;
  readonly details: string;
  /** `DownstreamEnd`, `TcpPeriodic`, … */
  readonly type: string;
  readonly info: StreamInfo;
}

/** Gives a connection manager an access log that a `DataPath` keeps in `logged`. */
export const RECORDED_ACCESS_LOG = [
  {
    name: "envoy.access_loggers.stdout",
    typed_config: { "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog" },
  },
];

const extensions = new LoadedExtensions();
await extensions.loadAll();
const compiler = new ConfigurationCompiler(await loadCompilerTable());

interface Compiled {
  readonly listeners: readonly ListenerData[];
  readonly routeTables: ReadonlyMap<string, RouteTableData>;
  readonly clusters: readonly ClusterData[];
  /** Names of shared counts and token buckets. */
  readonly limits: readonly string[];
}

interface Built {
  readonly listener: ListenerData;
  readonly clusters: readonly ClusterData[];
  readonly tables: ReadonlyMap<string, RouteTable>;
}

function compile(config: object): Compiled {
  const outcome = compiler.compile({ texts: [{ file: "test.json", content: JSON.stringify(config) }] });
  if (!outcome.ok) throw new Error(problemsText(outcome.problems));
  const of = (kind: string) => outcome.changed.filter((resource) => resource.kind === kind);
  return {
    listeners: of("listener").map(({ data }) => unpackResource(data) as ListenerData),
    routeTables: new Map(of("routeTable").map(({ name, data }) => [name, unpackResource(data) as RouteTableData])),
    clusters: of("cluster").map(({ data }) => unpackResource(data) as ClusterData),
    limits: [...of("sharedCount"), ...of("tokenBucket"), ...of("sharedValue")].map(({ name }) => name),
  };
}

/** A worker's data plane in the calling thread, from a bootstrap as plain JSON: one listener, no actors. */
export class DataPath {
  readonly stats = new RecordingStats();
  readonly logged: LoggedStream[] = [];
  readonly timers: TimerWheel;
  readonly context: WorkerContext;
  readonly condition = { healthCheckFailed: false };
  readonly handler: ConnectionHandler;
  readonly clusters: ClusterManager;
  readonly asyncClient: AsyncClient;
  /** Hosts that said they fail, with their clusters. */
  readonly failedHosts: string[] = [];
  port = 0;
  readonly #routeTables = new RouteTables();
  readonly #cells = new CircuitBreakerCells();
  readonly #limitCells = new CircuitBreakerCells();
  #version = 0;

  /** Empty, until a test gives it layers. */
  readonly runtime = new Runtime();

  private constructor(options: DataPathOptions) {
    const clock: Clock = options.clock ?? systemClock;
    const { stats } = this;
    const random = options.random ?? new SystemRandom();
    const log = options.log ?? silentLogger;
    const flusher = new WriteFlusher();
    this.timers = options.clock?.timers ?? new TimerWheel(clock);
    const timers = this.timers;
    const environment = http1PoolEnvironment(timers, flusher);
    const onHostFailed = (cluster: string, address: string): void =>
      void this.failedHosts.push(`${cluster} ${address}`);
    this.clusters = new ClusterManager({ stats, workerName: "worker_0", random, environment, onHostFailed });
    this.asyncClient = new AsyncClient(this.clusters, { timers, random });
    const accessLoggers = new Map(extensions.accessLoggers);
    accessLoggers.set("envoy.access_loggers.stdout", {
      createLogger: () => ({
        log: ({ streamInfo, accessLogType }) => this.logged.push(describe(streamInfo, accessLogType)),
        release: () => {},
      }),
    });
    this.context = {
      clock,
      timers,
      random,
      log,
      stats,
      clusters: this.clusters,
      asyncClient: this.asyncClient,
      routeTables: this.#routeTables,
      format: { hostname: "test", environment: new Map(), clock, random },
      accessLogFiles: new AccessLogFiles({ timers, stats }),
      limits: new SharedLimits(clock),
      condition: this.condition,
      tlsContexts: new TlsContexts(new Uint8Array(32)),
      runtime: this.runtime,
      extensions: { ...extensions, accessLoggers },
    };
    this.handler = new ConnectionHandler({
      workerIndex: 0,
      timers,
      flusher,
      random,
      stats,
      log,
      makeNetworkFilter: ({ extension, data }, filterContext) =>
        extensionModule(extensions.networkFilters, extension).createFactory(data, filterContext, this.context),
      makeListenerFilter: () => {
        throw new Error("no listener filters here");
      },
      makeAccessLogs: () => [],
      makeTransportSocket: () => {
        throw new Error("no transport sockets here");
      },
      connectionLimits: new ConnectionLimits(this.context.limits, this.runtime, stats),
      drain: { timeMs: 1000, strategy: "immediate" },
    });
  }

  /** Starts it on a free port. Rejects with the problems of the configuration. */
  static async start(config: object, options: DataPathOptions = {}): Promise<DataPath> {
    const path = new DataPath(options);
    const socket = new net.BoundSocket({ host: "127.0.0.1", port: 0 });
    path.port = (socket.address() as net.AddressInfo).port;
    await path.#apply(config, socket);
    return path;
  }

  /** Puts another configuration into force on the same port, all of it. */
  reload(config: object): Promise<void> {
    return this.#apply(config, null);
  }

  stop(): void {
    this.handler.close();
    this.asyncClient.close();
    this.clusters.close();
    this.timers.stop();
  }

  async #apply(config: object, socket: net.BoundSocket | null): Promise<void> {
    let built: Built;
    try {
      built = await this.#build(config);
    } catch (error) {
      socket?.close();
      throw error;
    }
    const { listener, clusters, tables } = built;
    const key = socketKey(listener, listener.addresses[0]!);
    const sockets = socket === null ? [] : [{ key, socket }];
    // The handler owns the socket from here on.
    const prepared = this.handler.prepare({ upserts: [listener], removals: [] }, sockets);
    const hash = String(++this.#version);
    const upserts = clusters.map((data) => ({ data, hash, breakerSlot: this.#cells.allocate(data.name) }));
    this.clusters.apply({ upserts, removals: [], breakerChunks: this.#cells.chunksFor(0) });
    for (const [name, table] of tables) this.#routeTables.set(name, table);
    prepared.commit();
  }

  async #build(config: object): Promise<Built> {
    const { listeners, routeTables, clusters, limits } = compile(config);
    const slots = new Map(
      [...limits, DOWNSTREAM_CONNECTIONS_COUNT, ...listeners.map(({ name }) => listenerConnectionsCount(name))].map(
        (name) => [name, this.#limitCells.allocate(name)],
      ),
    );
    this.context.limits.attach({ slots, chunks: this.#limitCells.chunksFor(0) });
    const listener = listeners[0]!;
    const chains = [...listener.chains, ...(listener.defaultChain === null ? [] : [listener.defaultChain])];
    for (const { data, extension } of chains.flatMap((chain) => chain.filters)) {
      await extensionModule(extensions.networkFilters, extension).preload?.(data, this.context);
    }
    const tables = new Map<string, RouteTable>();
    for (const [name, data] of routeTables) tables.set(name, createRouteTable(data, this.context));
    return { listener, clusters, tables };
  }
}

function describe(info: StreamInfo, type: string): LoggedStream {
  const names = Object.keys(ResponseFlag).filter((name) => info.hasResponseFlag(ResponseFlag[name as "UF"]));
  return { status: info.responseCode, flags: names.join(","), details: info.responseCodeDetails, type, info };
}
