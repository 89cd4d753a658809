import { hostname } from "node:os";
import { dirname } from "node:path";
import type { AccessLogData } from "../src/access-log/access-log-data.ts";
import type { ActorRef } from "../src/actor/actor-ref.ts";
import { ActorSystem } from "../src/actor/actor-system.ts";
import type { ActorReport } from "../src/actor/inspection/actor-report.ts";
import type { WaitingThreads } from "../src/actor/thread/waiting-threads.ts";
import { adminHandlers } from "../src/admin/admin-handlers.ts";
import { AdminRouter } from "../src/admin/admin-router.ts";
import type { BearerToken } from "../src/admin/bearer-token.ts";
import { ConfigDumpPool } from "../src/admin/config-dump/config-dump-pool.ts";
import { ExplainPool } from "../src/admin/explain/explain-pool.ts";
import type { ApplicationLog, ApplicationLogOptions } from "../src/base/application-log.ts";
import { systemClock } from "../src/base/clock.ts";
import { SystemRandom } from "../src/base/random.ts";
import { TimerWheel } from "../src/base/timer-wheel.ts";
import { nextTurn } from "../src/base/turn.ts";
import type { AdminData, BootstrapData } from "../src/config/bootstrap/bootstrap-data.ts";
import type { CompilerPool } from "../src/config/compiler/compiler-pool.ts";
import { problemText } from "../src/config/config-problem.ts";
import { StatsSinks } from "../src/extensions/stat_sinks/stats-sinks.ts";
import type { Address } from "../src/net/address.ts";
import { HistogramBuckets } from "../src/stats/histogram-buckets.ts";
import { ProcessMetrics } from "../src/stats/process-metrics.ts";
import type { StatsScope } from "../src/stats/scope.ts";
import { buildStatsMatcher } from "../src/stats/stats-matcher.ts";
import { StatsMerge } from "../src/stats/stats-merge.ts";
import { StatsShard } from "../src/stats/stats-shard.ts";
import { TagProducer } from "../src/stats/tag/tag-producer.ts";
import { type AssignmentData, type DiscoveryData, hasMembership } from "../src/upstream/cluster-data.ts";
import { Discoveries } from "../src/upstream/discovery/discoveries.ts";
import { EventLogs } from "../src/upstream/event-log/event-logs.ts";
import { ClusterHealthChecks } from "../src/upstream/health-check/cluster-health-checks.ts";
import { OutlierDetector } from "../src/upstream/outlier/outlier-detector.ts";
import { OutlierStats } from "../src/upstream/outlier/outlier-stats.ts";
import type { AdminAccessLogOptions } from "./admin/access-log.ts";
import { type AdminOptions, adminSpec } from "./admin/actor.ts";
import { AdminStats } from "./admin/admin-stats.ts";
import { adminViews } from "./admin/admin-views.ts";
import { loggingLevels } from "./admin/logging-levels.ts";
import type { AdminAddress, AdminMessage } from "./admin/protocol.ts";
import { ServerCondition } from "./admin/server-condition.ts";
import { BreakerMemoryExtras } from "./breaker-memory-extras.ts";
import { CheckTransports } from "./check-transports.ts";
import type { CommandLine } from "./command-line.ts";
import { ConfigInForce } from "./config-in-force.ts";
import { ConfigStats } from "./config-stats.ts";
import { WORKER_SCRIPT } from "./early-threads.ts";
import { membershipSpec } from "./membership/actor.ts";
import type { OnHostChecked, OnHostEjected } from "./membership/cluster-slot.ts";
import type { MembershipMessage } from "./membership/protocol.ts";
import { commandLineOptions } from "./proxy-options.ts";
import { RuntimeValues } from "./runtime-values.ts";
import { statsSpec } from "./stats/actor.ts";
import type { StatsMessage } from "./stats/protocol.ts";
import { ServerStats } from "./stats/server-stats.ts";
import { StatsInlet } from "./stats/stats-inlet.ts";
import { ThreadStats } from "./stats/thread-stats.ts";
import { supervisorSpec } from "./supervisor/actor.ts";
import type { PoolConfigCompiler } from "./supervisor/pool-config-compiler.ts";
import type { ReloadOutcome, SupervisorMessage } from "./supervisor/protocol.ts";
import type { ProxySettings } from "./worker/proxy-settings.ts";

/** What a proxy is made of. */
export interface ProxyServerOptions {
  readonly commandLine: CommandLine;
  readonly log: ApplicationLog;
  readonly logOptions: ApplicationLogOptions;
  /** As `--version` prints it. */
  readonly version: string;
  readonly environment: readonly (readonly [string, string])[];
  readonly pool: CompilerPool;
  /** Used for the first workers. */
  readonly waitingWorkers: WaitingThreads;
  readonly compiler: PoolConfigCompiler;
  /** What requests to the admin interface must bring; null: nothing. */
  readonly adminToken: BearerToken | null;
  /** From the first compilation. */
  readonly bootstrap: BootstrapData;
  /** `POST /quitquitquit`. */
  readonly onQuit: () => void;
  /** All workers crashed until they were given up. */
  readonly onFailed: (error: string) => void;
}

const REPORT_INTERVAL_MS = 500;
/** Compiling a large configuration and bringing it to all workers may take this long. */
const RELOAD_DEADLINE_MS = 120_000;
const ASK_DEADLINE_MS = 2000;
/** For clients to hear `Connection: close` with a last response; idle connections are closed then. As nginx, but not at once. */
const SHUTDOWN_IDLE_MS = 2000;
/** For what follows the drain of the workers. */
const SHUTDOWN_GRACE_MS = 2000;

/**
 * The whole proxy on the main thread: supervisor, stats and admin actors, with workers on threads of their own. The
 * composition root: everything is made and joined here, and nothing else knows all of it.
 */
export class ProxyServer {
  readonly condition = new ServerCondition();
  readonly #options: ProxyServerOptions;
  readonly #system: ActorSystem;
  readonly #timers = new TimerWheel(systemClock);
  readonly #random = new SystemRandom();
  readonly #merge = new StatsMerge();
  readonly #inForce = new ConfigInForce();
  readonly #runtime: RuntimeValues;
  readonly #dumps = new ConfigDumpPool();
  readonly #explanations = new ExplainPool();
  readonly #eventLogs = new EventLogs();
  readonly #breakers = new BreakerMemoryExtras();
  readonly #checkTransports: CheckTransports;
  readonly #mainStats: StatsScope;
  readonly #sinks: StatsSinks;
  readonly #stats: ActorRef<StatsMessage>;
  readonly #membership: ActorRef<MembershipMessage>;
  readonly #supervisor: ActorRef<SupervisorMessage>;
  readonly #startedMs = systemClock.nowMs();
  #admin: ActorRef<AdminMessage> | undefined;

  constructor(options: ProxyServerOptions) {
    this.#options = options;
    this.#checkTransports = new CheckTransports(systemClock, options.log.logger("upstream"));
    const log = options.log.logger("main");
    this.#system = new ActorSystem({
      thread: "main",
      clock: systemClock,
      timers: this.#timers,
      random: this.#random,
      log,
      schedule: nextTurn,
    });
    const shard = new StatsShard(buildStatsMatcher(options.bootstrap.stats.matcher));
    this.#mainStats = shard.scope();
    this.#runtime = new RuntimeValues(this.#mainStats, (overrides) => {
      this.#supervisor.tell({ type: "broadcast", message: { type: "setRuntimeOverrides", overrides } });
    });
    this.#sinks = this.#createSinks();
    this.#stats = this.#spawnStats(shard);
    const warmingClusters = this.#mainStats.gauge("cluster_manager.warming_clusters");
    const discoveries = this.#discoveries();
    this.#membership = this.#system.spawn(
      membershipSpec({
        createDiscovery: discoveries.createDiscovery,
        createStats: discoveries.createStats,
        createChecks: (data, onChecked) => this.#createChecks(data, onChecked),
        createDetector: (data, onEjected) => this.#createDetector(data, onEjected),
        onWarming: (count) => warmingClusters.set(count),
      }),
    );
    this.#supervisor = this.#spawnSupervisor();
  }

  /** Compiles the configuration of the command line and brings it in force. */
  async reload(cause: string): Promise<ReloadOutcome> {
    const source = { label: this.configLabel };
    const outcome = await this.#supervisor.ask({ type: "reload", source, cause }, RELOAD_DEADLINE_MS);
    if (outcome.outcome !== "refused") this.condition.configured();
    return outcome;
  }

  /** What the configuration is called in messages. */
  get configLabel(): string {
    const { configPath } = this.#options.commandLine;
    return configPath === "" ? "--config-yaml" : configPath;
  }

  /** Starts the admin interface, if there is an address for it. */
  async startAdmin(): Promise<AdminAddress | undefined> {
    const { admin } = this.#options.bootstrap;
    if (admin === null || admin.address === null) return undefined;
    const { address, accessLogs } = admin;
    const stats = new AdminStats(this.#mainStats);
    const accessLog = accessLogs.length === 0 ? null : this.#adminAccessLog(accessLogs);
    this.#admin = this.#system.spawn(adminSpec({ address, ...this.#adminParts(address), stats, accessLog }));
    return this.#admin.ask({ type: "getAdminAddress" }, ASK_DEADLINE_MS);
  }

  #adminAccessLog(logs: AdminData["accessLogs"]): AdminAccessLogOptions {
    const { commandLine, environment } = this.#options;
    const format = {
      hostname: hostname(),
      environment: new Map(environment),
      clock: systemClock,
      random: this.#random,
    };
    return {
      logs: logs as readonly AccessLogData[],
      clock: systemClock,
      timers: this.#timers,
      random: this.#random,
      runtime: this.#runtime.runtime,
      stats: this.#mainStats,
      flushIntervalMs: commandLine.fileFlushIntervalMs,
      format,
    };
  }

  /** Where listeners listen, with real ports. */
  async listenerAddresses(): Promise<readonly { readonly listener: string; readonly address: Address }[]> {
    const { listeners } = await this.#supervisor.ask({ type: "getStatus" }, ASK_DEADLINE_MS);
    return listeners;
  }

  /** Reopens all log files. */
  reopenLogs(): void {
    this.#options.log.reopen();
    this.#eventLogs.reopen();
    this.#admin?.tell({ type: "reopenAdminLogs" });
    this.#supervisor.tell({ type: "broadcast", message: { type: "reopenLogs" } });
  }

  /** Drains the workers, as long as the command line says unless told otherwise, and stops everything. Resolves with how many connections were cut. */
  async shutdown(drainTimeS = this.#options.commandLine.drainTimeS): Promise<number> {
    this.condition.draining = true;
    const { parentShutdownTimeS } = this.#options.commandLine;
    const deadlineMs = Math.min(drainTimeS, parentShutdownTimeS) * 1000 + SHUTDOWN_GRACE_MS;
    const { cut } = await this.#supervisor.ask(
      { type: "shutdown", drainMs: drainTimeS * 1000, immediate: true, idleMs: SHUTDOWN_IDLE_MS, deadlineMs },
      deadlineMs + SHUTDOWN_GRACE_MS,
    );
    await this.#system.shutdown(SHUTDOWN_GRACE_MS);
    await Promise.all([
      this.#options.pool.close(),
      this.#options.waitingWorkers.close(),
      this.#dumps.close(),
      this.#explanations.close(),
      this.#eventLogs.close(),
    ]);
    this.#sinks.close();
    this.#timers.stop();
    return cut;
  }

  #discoveries(): Discoveries {
    const { pool, log, bootstrap, commandLine } = this.#options;
    return new Discoveries({
      stats: this.#mainStats,
      timers: this.#timers,
      random: this.#random,
      log: log.logger("upstream"),
      readEndpoints: async (path, serviceNames) => {
        const { id, cluster, zone } = bootstrap.node;
        const facts = { nodeId: id, nodeCluster: cluster, nodeZone: zone, directory: dirname(path), secrets: {} };
        const { allowUnsupported } = commandLine;
        const outcomes = await pool.compileLoadAssignments({ path, serviceNames, facts, allowUnsupported });
        return outcomes.map((outcome) =>
          outcome.ok
            ? { assignment: outcome.assignment as AssignmentData, versionInfo: outcome.versionInfo }
            : { problems: outcome.problems.map(problemText) },
        );
      },
    });
  }

  #createDetector(
    { cluster, observabilityName, outlierDetection }: DiscoveryData,
    onEjected: OnHostEjected,
  ): OutlierDetector {
    const { outlierEventLogPath: path } = this.#options.bootstrap;
    return new OutlierDetector(outlierDetection!, {
      cluster,
      timers: this.#timers,
      random: this.#random,
      stats: new OutlierStats(this.#mainStats.scope(`cluster.${observabilityName}`)),
      log: path === "" ? null : (event) => this.#eventLogs.write(path, event),
      onEjected,
    });
  }

  #createChecks({ cluster, observabilityName }: DiscoveryData, onChecked: OnHostChecked): ClusterHealthChecks {
    return new ClusterHealthChecks(cluster, observabilityName, {
      timers: this.#timers,
      random: this.#random,
      stats: this.#mainStats,
      makeTransportSocket: this.#checkTransports.make,
      hasTraffic: (name) => this.#merge.counterValue(`cluster.${name}.upstream_cx_total`) > 0,
      log: this.#eventLogs.write,
      onChecked,
    });
  }

  #spawnStats(shard: StatsShard): ActorRef<StatsMessage> {
    const { bootstrap } = this.#options;
    const facts = () => ({
      uptimeSeconds: (systemClock.nowMs() - this.#startedMs) / 1000,
      concurrency: this.#workers().filter(({ status }) => status !== "draining" && status !== "stopped").length,
      state: this.condition.state(),
      totalConnections: this.#connectionCount(),
      firstCertificateMs: fromNow(this.#inForce.firstExpiry().certificateMs),
      firstStapleMs: fromNow(this.#inForce.firstExpiry().stapleMs),
    });
    return this.#system.spawn(
      statsSpec({
        threads: new ThreadStats(this.#merge, shard),
        serverStats: new ServerStats(this.#mainStats, facts),
        flushIntervalMs: bootstrap.stats.flushOnAdmin ? 0 : bootstrap.stats.flushIntervalMs,
        sinks: this.#sinks,
      }),
    );
  }

  #createSinks(): StatsSinks {
    const { bootstrap, log } = this.#options;
    return new StatsSinks(bootstrap.statsSinks, {
      stats: this.#mainStats,
      tags: new TagProducer(bootstrap.stats.tags, bootstrap.stats.useAllDefaultTags),
      buckets: new HistogramBuckets(bootstrap.stats.histogramBuckets),
      clock: systemClock,
      timers: this.#timers,
      random: this.#random,
      log: log.logger("stats"),
      hosts: async (name) => {
        const cluster = this.#inForce.clusters().find((each) => each.name === name);
        if (cluster === undefined || !hasMembership(cluster))
          return cluster?.endpoints.map(({ address }) => address) ?? [];
        return this.#membership.ask({ type: "getHosts", cluster: name }, ASK_DEADLINE_MS);
      },
    });
  }

  #spawnSupervisor(): ActorRef<SupervisorMessage> {
    const { bootstrap, commandLine, compiler, logOptions, environment } = this.#options;
    const inlet = new StatsInlet(this.#stats);
    const configStats = new ConfigStats(this.#mainStats);
    const drain = { timeMs: commandLine.drainTimeS * 1000, strategy: commandLine.drainStrategy };
    const shared: ProxySettings = {
      log: logOptions,
      statsMatcher: bootstrap.stats.matcher,
      drain,
      fileFlushIntervalMs: commandLine.fileFlushIntervalMs,
      failedRequests: commandLine.failedRequests,
      hostname: hostname(),
      ticketSecret: this.#random.bytes(32),
      environment,
    };
    return this.#system.spawn(
      supervisorSpec({
        system: this.#system,
        random: this.#random,
        compiler,
        membership: this.#membership,
        checkConnections: this.#checkTransports,
        stats: {
          workerStarted: (worker, incarnation) => inlet.workerStarted(worker, incarnation),
          receive: (worker, incarnation, report) => inlet.receive(worker, incarnation, report),
          workerEnded: (worker, incarnation) => {
            inlet.workerEnded(worker, incarnation);
            this.#breakers.workerEnded(worker);
          },
        },
        threads: {
          script: WORKER_SCRIPT,
          waiting: this.#options.waitingWorkers,
          flushIntervalMs: Math.min(bootstrap.stats.flushIntervalMs, 1000),
          reportIntervalMs: REPORT_INTERVAL_MS,
          shared,
        },
        workerCount: commandLine.concurrency,
        extras: (worker, resources) => this.#breakers.forWorker(worker, resources),
        onInForce: (config, _version, changes) => {
          this.#inForce.set(config, systemClock.wallMs());
          this.#runtime.onInForce(config);
          this.#breakers.onInForce(config.resources);
          configStats.onInForce(config, changes);
        },
        onEvent: (event) => {
          configStats.onEvent(event);
          if (event.type === "allWorkersFailed") this.#options.onFailed(event.error);
        },
        // A worker that leaves says so with each response; spreading that out would only take longer.
        leave: { drainMs: drain.timeMs, immediate: true },
      }),
    );
  }

  #adminParts(address: Address): Pick<AdminOptions, "router" | "watching"> {
    const { bootstrap, commandLine, log } = this.#options;
    const { stats } = bootstrap;
    const tags = new TagProducer(stats.tags, stats.useAllDefaultTags);
    const buckets = new HistogramBuckets(stats.histogramBuckets);
    const { id, cluster, region, zone, subZone } = bootstrap.node;
    const { views, notAnswering } = adminViews({
      system: this.#system,
      supervisor: this.#supervisor,
      stats: this.#stats,
      membership: this.#membership,
      merge: this.#merge,
      tags: () => tags,
      buckets: () => buckets,
      flushStatsOnAdmin: stats.flushOnAdmin,
      processMetrics: new ProcessMetrics(),
      condition: this.condition,
      clock: systemClock,
      timers: this.#timers,
      drainTimeMs: commandLine.drainTimeS * 1000,
      startedMs: this.#startedMs,
      version: this.#options.version,
      commandLineOptions: commandLineOptions(commandLine),
      node: () => ({ id, cluster, locality: { region, zone, sub_zone: subZone } }),
      configSource: () => this.#inForce.source(),
      clusterUpdateTimes: () => this.#inForce.clusterUpdateTimes(),
      dump: (task) => this.#dumps.dump(task),
      explainPool: this.#explanations,
      clusters: () => this.#inForce.clusters(),
      tlsContexts: () => this.#inForce.tlsContexts(),
      logging: loggingLevels(log, this.#supervisor),
      runtime: this.#runtime,
      sourceLabel: this.configLabel,
      quit: this.#options.onQuit,
      reopenLogs: () => this.reopenLogs(),
    });
    const { debugEndpoints, heapSnapshots } = commandLine;
    const router = new AdminRouter(adminHandlers(views, { debugEndpoints, heapSnapshots }), {
      guard: { allowedHosts: [], checkHost: address.type === "ip", token: this.#options.adminToken },
      allowsPath: () => true,
      notAnswering,
    });
    return { router, watching: () => views.live.watching() };
  }

  #connectionCount(): number {
    return this.#workers().reduce((sum, worker) => sum + Number(worker.attributes.connections ?? 0), 0);
  }

  #workers(): readonly ActorReport[] {
    return this.#system.tree().find(({ kind }) => kind === "supervisor")?.children ?? [];
  }
}

/** How long until a time of the wall clock. */
function fromNow(epochMs: number | null): number | null {
  return epochMs === null ? null : epochMs - systemClock.wallMs();
}
