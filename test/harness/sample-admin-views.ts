import type { HistoryEntry } from "../../src/actor/inspection/actor-history.ts";
import type { Known, ThreadDeadLetters } from "../../src/actor/inspection/actor-inspection.ts";
import type { ActorReport } from "../../src/actor/inspection/actor-report.ts";
import type { TraceSoFar } from "../../src/actor/inspection/message-trace.ts";
import type { ShownState } from "../../src/actor/inspection/shown-state.ts";
import type { StackFrame } from "../../src/actor/inspection/thread-profile.ts";
import type { ThreadVitals } from "../../src/actor/inspection/thread-vitals.ts";
import type { MessageRecord } from "../../src/actor/message-ring.ts";
import type { WorkerStatus } from "../../src/admin/actors/workers-view.ts";
import { jsonResponse } from "../../src/admin/admin-handler.ts";
import { certificateStatuses } from "../../src/admin/certificate-statuses.ts";
import type { ClusterStatus, HostStatus } from "../../src/admin/clusters/clusters-view.ts";
import type { DiscoveredClusterStatus } from "../../src/admin/clusters/membership-view.ts";
import { configDump } from "../../src/admin/config-dump/config-dump.ts";
import type { ConfigAttempt, ConfigSection, DryRunOutcome, ReloadOutcome } from "../../src/admin/config-view.ts";
import type { ExplainAnswer } from "../../src/admin/explain/explain-view.ts";
import type { BoundListener } from "../../src/admin/listeners-view.ts";
import type { ListingPart, ListingQuery } from "../../src/admin/listings-view.ts";
import { LiveFeed } from "../../src/admin/live/live-feed.ts";
import { Sampler } from "../../src/admin/live/sampler.ts";
import type { ServerState } from "../../src/admin/server-view.ts";
import type { AdminViews } from "../../src/admin/views.ts";
import type { LogLevel } from "../../src/base/log.ts";
import { HistogramBuckets } from "../../src/stats/histogram-buckets.ts";
import { StatsMerge } from "../../src/stats/stats-merge.ts";
import { TagProducer } from "../../src/stats/tag/tag-producer.ts";
import { FakeClock } from "./fake-clock.ts";

/** A healthy host; change what a test is about. */
export function sampleHost(changes: Partial<HostStatus> = {}): HostStatus {
  return {
    address: { type: "ip", ip: "10.0.0.1", port: 80 },
    hostname: "",
    counters: { cx_connect_fail: 0, cx_total: 2, rq_error: 1, rq_success: 3, rq_timeout: 0, rq_total: 4 },
    gauges: { cx_active: 1, rq_active: 0 },
    healthFlags: [],
    weight: 1,
    locality: { region: "", zone: "", subZone: "" },
    canary: false,
    priority: 0,
    successRate: -1,
    localOriginSuccessRate: -1,
    ...changes,
  };
}

/** A cluster with default limits. */
export function sampleCluster(changes: Partial<ClusterStatus> = {}): ClusterStatus {
  const limits = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 };
  return {
    name: "web",
    observabilityName: "web",
    addedViaApi: false,
    edsServiceName: "",
    thresholds: { default: limits, high: limits },
    outlier: undefined,
    hosts: [sampleHost()],
    ...changes,
  };
}

/** A running actor without children. */
export function sampleActor(changes: Partial<ActorReport> = {}): ActorReport {
  return {
    id: "supervisor",
    kind: "supervisor",
    thread: "main",
    status: "running",
    attributes: { snapshotVersion: 7 },
    mailboxLength: 0,
    mailboxCapacity: 1000,
    mailboxAlarm: false,
    waitMs: { p50: 0, p99: 0 },
    handleMs: { p50: 0, p99: 0 },
    busyShare: 0,
    oldestMessageAgeMs: undefined,
    handled: 12,
    dropped: 0,
    coalesced: 0,
    stashed: 0,
    restarts: 0,
    lastError: undefined,
    crashes: [],
    reportAgeMs: 0,
    answering: true,
    children: [],
    ...changes,
  };
}

/** What a thread uses that has little to do. */
export function sampleVitals(changes: Partial<ThreadVitals> = {}): ThreadVitals {
  return {
    thread: "main",
    answering: true,
    ageMs: 0,
    overMs: 1000,
    eventLoopUtilization: 0.25,
    cpuShare: 0.125,
    cpuUserMs: 100,
    cpuSystemMs: 20,
    heap: { usedBytes: 3 * 1024 * 1024, totalBytes: 4 * 1024 * 1024, limitBytes: 2 ** 30, externalBytes: 1024 * 1024 },
    loopDelayMs: undefined,
    ...changes,
  };
}

const SAMPLE_ATTEMPT: ConfigAttempt = {
  atMs: 1000,
  trigger: "SIGHUP",
  outcome: { type: "rejected", problems: ["troupe.yaml:3:5: clusters[0].nmae: unknown field"] },
};

/** A worker that is well. */
export function sampleWorker(changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    name: "worker-0",
    status: "running",
    snapshotVersion: 7,
    restarts: 0,
    answering: true,
    reportAgeMs: 40,
    connections: 3,
    ...changes,
  };
}

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** A proxy that a test describes by setting fields; `calls` notes what it was made to do. */
export class SampleProxy {
  readonly calls: unknown[] = [];
  readonly stats = new StatsMerge();
  state: ServerState = "LIVE";
  node: Record<string, string> = { id: "n1", cluster: "c1" };
  clusters: ClusterStatus[] = [sampleCluster()];
  workers: WorkerStatus[] = [sampleWorker()];
  actors: ActorReport[] = [sampleActor()];
  threads: ThreadVitals[] = [];
  /** By `state`, `messages` or `history` and the actor's id. */
  readonly actorAnswers = new Map<string, Known<unknown>>();
  deadLetters: ThreadDeadLetters[] = [];
  tracePieces: TraceSoFar[] = [];
  frames: StackFrame[] = [];
  explainAnswer: ExplainAnswer = { status: 503, problems: ["no worker runs"] };
  discovered: DiscoveredClusterStatus[] = [];
  /** What each listing gives, whatever was asked. */
  listingParts: ListingPart[] = [];
  sections: ConfigSection[] = [];
  listenerState: BoundListener["state"] = "open";
  runtimeOverrides: Map<string, string> | null = new Map([["c", "x"]]);
  levels = new Map<string, LogLevel>([
    ["admin", "info"],
    ["http", "info"],
  ]);
  reloadOutcome: ReloadOutcome = { type: "unchanged", version: 7 };
  dryRunOutcome: DryRunOutcome = { type: "valid", changes: [], drains: [], missingWorkers: [] };

  /** Moves the live feed. */
  readonly clock = new FakeClock();
  readonly #live: { feed?: LiveFeed } = {};

  /** Nothing is sampled before somebody subscribes. */
  get live(): LiveFeed {
    this.#live.feed ??= new LiveFeed(new Sampler(this.views), this.clock.timers);
    return this.#live.feed;
  }

  readonly views: AdminViews = {
    server: {
      state: () => this.state,
      info: () => ({
        version: "troupe/0.1.0",
        hotRestartVersion: "disabled",
        uptimeSeconds: 61.7,
        commandLineOptions: { concurrency: 2 },
        node: this.node,
      }),
      memory: () => ({
        allocatedBytes: 1000,
        heapSizeBytes: 2000,
        physicalBytes: 3000,
        threads: [{ thread: "main", heapUsedBytes: 1, heapTotalBytes: 2, answering: true }],
      }),
      unreadyTargets: () => [{ name: "Listener ingress", targetNames: ["rds"] }],
    },
    stats: {
      refresh: async () => void this.calls.push("refresh"),
      refreshForPage: async () => void this.calls.push("refresh"),
      snapshot: this.stats,
      tags: () => new TagProducer([], true),
      buckets: () => new HistogramBuckets([]),
      processExposition: async () => "process_cpu_seconds_total 1\n",
    },
    clusters: { clusters: () => this.clusters },
    certificates: { certificates: () => certificateStatuses([], 0) },
    listeners: {
      listeners: () => [
        { name: "ingress", addresses: [{ type: "ip", ip: "127.0.0.1", port: 10000 }], state: this.listenerState },
        { name: "side", addresses: [{ type: "pipe", path: "/run/t.sock", mode: 0 }], state: "open" },
      ],
    },
    config: {
      dump: (query) => {
        const shown = ({ type }: ConfigSection): boolean => query.includeEds || !type.endsWith("EndpointsConfigDump");
        return configDump(this.sections.filter(shown), query);
      },
      places: () => jsonResponse(200, { places: [] }),
      status: () => ({
        source: "/etc/troupe.yaml",
        version: 7,
        inForceSinceMs: 0,
        applied: 7,
        rejected: 1,
        reloading: false,
        lastAttempt: SAMPLE_ATTEMPT,
        history: [SAMPLE_ATTEMPT],
      }),
    },
    runtime: {
      layers: () => [
        { name: "static", values: new Map([["a.b", "1"]]) },
        ...(this.runtimeOverrides === null ? [] : [{ name: "admin", values: this.runtimeOverrides }]),
      ],
      modify: (values) => {
        if (this.runtimeOverrides === null) return false;
        for (const [key, value] of values) this.runtimeOverrides.set(key, value);
        return true;
      },
    },
    logging: {
      levels: () => [...this.levels].map(([name, level]) => ({ name, level })),
      setAll: (level) => {
        for (const name of this.levels.keys()) this.levels.set(name, level);
      },
      set: (levels) => {
        if ([...levels.keys()].some((name) => !this.levels.has(name))) return false;
        for (const [name, level] of levels) this.levels.set(name, level);
        return true;
      },
    },
    actors: {
      tree: () => this.actors,
      threads: () => this.threads,
      state: (id) => this.actorAnswers.get(`state ${id}`) as Known<ShownState> | undefined,
      messages: (id) => this.actorAnswers.get(`messages ${id}`) as Known<MessageRecord[]> | undefined,
      history: (id) => this.actorAnswers.get(`history ${id}`) as Known<HistoryEntry[]> | undefined,
      deadLetters: () => this.deadLetters,
      trace: async (id, limits) => {
        this.calls.push({ trace: id, limits });
        return this.actors.some((actor) => actor.id === id) ? asyncOf(this.tracePieces) : undefined;
      },
    },
    profiles: {
      take: async (kind, thread, durationMs) => {
        this.calls.push({ profile: kind, thread, durationMs });
        return "{}";
      },
      stack: async (thread) => ({ thread, frames: this.frames }),
      heapSnapshot: async (thread) => {
        this.calls.push({ heapSnapshot: thread });
        return asyncOf([Buffer.from("{}")]);
      },
    },
    membership: { clusters: () => this.discovered },
    listings: {
      list: async function* (this: SampleProxy, listing: string, query: ListingQuery) {
        this.calls.push({ listing, query });
        yield* this.listingParts;
      }.bind(this),
    },
    explain: {
      explain: async (question) => {
        this.calls.push({ explain: question });
        return this.explainAnswer;
      },
    },
    workers: { workers: () => this.workers },
    live: {
      isFull: () => this.live.isFull(),
      samples: () => this.live.samples(),
      watching: () => this.live.watching(),
    },
    control: {
      setHealthcheckFailing: (failing) => void this.calls.push({ failing }),
      drainListeners: async (options) => void this.calls.push(options),
      quit: () => void this.calls.push("quit"),
      resetCounters: () => void this.calls.push("resetCounters"),
      reopenLogs: async () => void this.calls.push("reopenLogs"),
      reload: async () => this.reloadOutcome,
      dryRun: async (text) => {
        this.calls.push({ dryRun: text });
        return this.dryRunOutcome;
      },
      setWorkerCount: async (count) => void this.calls.push({ count }),
      closeConnection: async (id) => {
        this.calls.push({ close: id });
        return id === 7001;
      },
      crashActor: async (id) => {
        this.calls.push({ crash: id });
        return id === "supervisor/worker-0";
      },
      blockActor: async (id, durationMs) => {
        this.calls.push({ block: id, durationMs });
        return id === "supervisor/worker-0";
      },
    },
  };
}
