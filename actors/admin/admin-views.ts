import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { ActorSystem } from "../../src/actor/actor-system.ts";
import { ActorInspection } from "../../src/actor/inspection/actor-inspection.ts";
import { ThreadVitalsWatch } from "../../src/actor/inspection/thread-vitals.ts";
import type { ActorsView } from "../../src/admin/actors/actors-view.ts";
import { certificateStatuses } from "../../src/admin/certificate-statuses.ts";
import { countedClusters } from "../../src/admin/clusters/cluster-hosts.ts";
import { clusterStatuses } from "../../src/admin/clusters/cluster-statuses.ts";
import { type PackedEndpoints, packEndpoints } from "../../src/admin/config-dump/cluster-endpoints.ts";
import type { ConfigDumpPool } from "../../src/admin/config-dump/config-dump-pool.ts";
import type { ExplainPool } from "../../src/admin/explain/explain-pool.ts";
import type { JsonObject } from "../../src/admin/json-value.ts";
import { LiveFeed } from "../../src/admin/live/live-feed.ts";
import { Sampler } from "../../src/admin/live/sampler.ts";
import type { MemoryUse } from "../../src/admin/server-view.ts";
import type { StatsView } from "../../src/admin/stats-view.ts";
import type { AdminViews, LoggingView, RuntimeView } from "../../src/admin/views.ts";

import type { Clock } from "../../src/base/clock.ts";
import { type MemoryHeld, memoryHeld } from "../../src/base/memory-held.ts";
import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import type { AcceptedConfig } from "../../src/config/bootstrap/bootstrap-json.ts";
import type { TlsContextData } from "../../src/extensions/transport_sockets/tls/tls-context-data.ts";
import type { HistogramBuckets } from "../../src/stats/histogram-buckets.ts";
import type { ProcessMetrics } from "../../src/stats/process-metrics.ts";
import type { StatsMerge } from "../../src/stats/stats-merge.ts";
import type { TagProducer } from "../../src/stats/tag/tag-producer.ts";
import type { ClusterData } from "../../src/upstream/cluster-data.ts";
import type { MembershipMessage } from "../membership/protocol.ts";
import type { StatsMessage } from "../stats/protocol.ts";
import type { SupervisorMessage } from "../supervisor/protocol.ts";
import { Explanations } from "./explanations.ts";
import { MembershipKnowledge } from "./membership-knowledge.ts";
import type { ServerCondition } from "./server-condition.ts";
import { SupervisorControl } from "./supervisor-control.ts";
import { SupervisorKnowledge, type WorkerMemory } from "./supervisor-knowledge.ts";
import { ThreadProfiles } from "./thread-profiles.ts";
import { listWorkers } from "./worker-listing.ts";

/** How long a page waits for the stats actor, which is on its own thread. */
const STATS_DEADLINE_MS = 300;
/** For threads to tell what they use. One that is stuck does not, and shouldn't hold the page up. */
const VITALS_DEADLINE_MS = 250;
/** For an actor of another thread. */
const ACTOR_DEADLINE_MS = 500;
/** Whoever wants a trace has nothing to look at without it, and may as well wait for a busy thread. */
const TRACE_DEADLINE_MS = 3000;

/** What the composition root gives the admin. The functions are called at each request. */
export interface AdminViewsOptions {
  readonly system: ActorSystem;
  readonly supervisor: ActorRef<SupervisorMessage>;
  readonly stats: ActorRef<StatsMessage>;
  readonly membership: ActorRef<MembershipMessage>;
  readonly merge: StatsMerge;
  readonly tags: () => TagProducer;
  readonly buckets: () => HistogramBuckets;
  /** `stats_flush_on_admin`. */
  readonly flushStatsOnAdmin: boolean;
  readonly processMetrics: ProcessMetrics;
  readonly condition: ServerCondition;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  /** `--drain-time-s`. */
  readonly drainTimeMs: number;
  /** By `clock.nowMs`. */
  readonly startedMs: number;
  readonly version: string;
  /** By the names of Envoy's `CommandLineOptions`. */
  readonly commandLineOptions: JsonObject;
  readonly node: () => JsonObject;
  /** What the configuration in force was compiled from. */
  readonly configSource: () => AcceptedConfig;
  /** When each cluster last changed, in milliseconds since the epoch. */
  readonly clusterUpdateTimes: () => ReadonlyMap<string, number>;
  readonly dump: ConfigDumpPool["dump"];
  readonly explainPool: ExplainPool;
  readonly clusters: () => readonly ClusterData[];
  readonly tlsContexts: () => readonly TlsContextData[];
  readonly logging: LoggingView;
  readonly runtime: RuntimeView;
  /** What the configuration of the command line is called in messages, such as its path. */
  readonly sourceLabel: string;
  readonly quit: () => void;
  readonly reopenLogs: () => void;
}

/** The views of a running proxy, with the list of workers that don't answer. */
export interface ProxyViews {
  readonly views: AdminViews;
  readonly notAnswering: () => Promise<readonly string[]>;
}

/** Joins what the supervisor, the stats actor and the composition root know to the views of the admin pages. */
export function adminViews(options: AdminViewsOptions): ProxyViews {
  const { system, supervisor, condition, clock, startedMs } = options;
  const tree = () => system.tree();
  const knowledge = new SupervisorKnowledge(supervisor, tree);
  const inspection = new ActorInspection(system);
  const explanations = new Explanations(supervisor, options.explainPool);
  const membership = new MembershipKnowledge(options.membership);
  const views: Omit<AdminViews, "live"> = {
    server: {
      state: () => condition.state(),
      info: () => ({
        version: options.version,
        hotRestartVersion: "disabled",
        uptimeSeconds: (clock.nowMs() - startedMs) / 1000,
        commandLineOptions: options.commandLineOptions,
        node: options.node(),
      }),
      memory: async () => memoryUse(await knowledge.workerMemory()),
      async unreadyTargets() {
        const clusters = await membership.unreadyTargets();
        return condition.state() === "INITIALIZING"
          ? [{ name: "Server", targetNames: ["snapshot 1"] }, ...clusters]
          : clusters;
      },
    },
    stats: statsView(options, knowledge),
    clusters: {
      async clusters() {
        const [perWorker, members, outliers] = await Promise.all([
          knowledge.clusterInspections(),
          membership.members(),
          membership.outliers(),
        ]);
        return clusterStatuses(options.clusters(), perWorker, { members, outliers });
      },
    },
    certificates: { certificates: () => certificateStatuses(options.tlsContexts(), clock.wallMs()) },
    listeners: { listeners: () => knowledge.listeners() },
    config: configViews(options, knowledge, membership),
    runtime: options.runtime,
    logging: options.logging,
    actors: actorsView(system, inspection, options.timers),
    membership: { clusters: () => membership.clusters() },
    explain: { explain: (question) => explanations.explain(question) },
    profiles: new ThreadProfiles(system, inspection),
    listings: { list: (listing, query) => listWorkers(supervisor, listing, query) },
    workers: { workers: () => knowledge.workers() },
    control: new SupervisorControl(options),
  };
  const live = new LiveFeed(new Sampler(views), options.timers);
  return { views: { ...views, live }, notAnswering: () => knowledge.notAnswering() };
}

/** The configuration in force, as texts that are parsed anew on a thread of their own. */
function configViews(
  options: AdminViewsOptions,
  knowledge: SupervisorKnowledge,
  membership: MembershipKnowledge,
): AdminViews["config"] {
  const endpoints = async (): Promise<PackedEndpoints> => {
    const clusters = options.clusters();
    const named = clusters.some(({ originalDst }) => originalDst !== null);
    const [members, perWorker] = await Promise.all([membership.members(), named ? knowledge.clusterInspections() : []]);
    return packEndpoints(clusters, members, countedClusters(perWorker));
  };
  return {
    async dump(query) {
      const { version, inForceSinceMs } = await knowledge.configStatus();
      return options.dump({
        config: options.configSource(),
        version,
        inForceSinceMs,
        clusterUpdateTimes: options.clusterUpdateTimes(),
        endpoints: query.includeEds ? await endpoints() : undefined,
        query,
      });
    },
    places: () =>
      options.dump({
        config: options.configSource(),
        version: 0,
        inForceSinceMs: 0,
        clusterUpdateTimes: new Map(),
        query: "places",
      }),
    status: () => knowledge.configStatus(),
  };
}

/** What actors say of themselves; those of workers within a deadline that leaves the page time to say who did not. */
function actorsView(system: ActorSystem, inspection: ActorInspection, timers: TimerWheel): ActorsView {
  const vitals = new ThreadVitalsWatch(timers);
  return {
    tree: () => system.tree(),
    threads: () => vitals.look(inspection.threads(), VITALS_DEADLINE_MS),
    state: (id) => inspection.state(id, ACTOR_DEADLINE_MS),
    messages: (id) => inspection.messages(id, ACTOR_DEADLINE_MS),
    history: (id) => inspection.history(id, ACTOR_DEADLINE_MS),
    deadLetters: () => inspection.deadLetters(ACTOR_DEADLINE_MS),
    trace: (id, limits) => inspection.trace(id, limits, TRACE_DEADLINE_MS),
  };
}

/** Requests that come while a refresh is under way share it, so that many scrapers cost no more than one. */
function statsView(options: AdminViewsOptions, knowledge: SupervisorKnowledge): StatsView {
  let underWay: Promise<void> | undefined;
  const refresh = async (): Promise<void> => {
    await knowledge.collectStats();
    await options.stats.ask({ type: "bringUpToDate" }, STATS_DEADLINE_MS).catch(() => undefined);
  };
  const shared = (): Promise<void> => {
    underWay ??= refresh().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const flush = async (): Promise<void> => {
    await shared();
    await options.stats.ask({ type: "flush" }, STATS_DEADLINE_MS).catch(() => undefined);
  };
  return {
    refresh: shared,
    refreshForPage: options.flushStatsOnAdmin ? flush : shared,
    snapshot: options.merge,
    tags: options.tags,
    buckets: options.buckets,
    processExposition: () => options.processMetrics.exposition(),
  };
}

/** Heaps are those of all threads together; `physicalBytes` is the whole process. */
function memoryUse(workers: readonly WorkerMemory[]): MemoryUse {
  const own = memoryHeld();
  const threads = [{ worker: "main", answering: true, use: own }, ...workers];
  const sum = (part: (use: MemoryHeld) => number): number => threads.reduce((total, { use }) => total + part(use), 0);
  return {
    allocatedBytes: sum(({ heapUsed, external }) => heapUsed + external),
    heapSizeBytes: sum(({ heapTotal, external }) => heapTotal + external),
    physicalBytes: process.memoryUsage.rss(),
    threads: threads.map(({ worker, answering, use }) => ({
      thread: worker,
      heapUsedBytes: use.heapUsed,
      heapTotalBytes: use.heapTotal,
      answering,
    })),
  };
}
