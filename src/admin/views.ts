import type { HistoryEntry } from "../actor/inspection/actor-history.ts";
import type { Known, ThreadDeadLetters } from "../actor/inspection/actor-inspection.ts";
import type { ActorReport } from "../actor/inspection/actor-report.ts";
import type { TraceLimits, TraceSoFar } from "../actor/inspection/message-trace.ts";
import type { ShownState } from "../actor/inspection/shown-state.ts";
import type { ThreadStack } from "../actor/inspection/thread-profile.ts";
import type { ThreadVitals } from "../actor/inspection/thread-vitals.ts";
import type { MessageRecord } from "../actor/message-ring.ts";
import type { LogLevel } from "../base/log.ts";
import type { Explanation } from "../extensions/explanation.ts";
import type { Address } from "../net/address.ts";
import type { HistogramBuckets } from "../stats/histogram-buckets.ts";
import type { StatsSnapshot } from "../stats/merged-stat.ts";
import type { TagProducer } from "../stats/tag/tag-producer.ts";
import type { AdminResponse } from "./admin-handler.ts";
import type { ConfigDumpQuery } from "./config-dump/config-dump-query.ts";
import type { ExplainQuestion } from "./explain/explain-question.ts";
import type { LiveSample } from "./live/live-sample.ts";

/**
 * What the admin pages read and may do. The actors implement these; the handlers know nothing else of the proxy. A view
 * that has to ask other threads answers within its own deadline with what it has, and says who is missing.
 */
export interface AdminViews {
  readonly server: ServerView;
  readonly stats: StatsView;
  readonly clusters: ClustersView;
  readonly certificates: CertificatesView;
  readonly listeners: ListenersView;
  readonly config: ConfigView;
  readonly runtime: RuntimeView;
  readonly logging: LoggingView;
  readonly actors: ActorsView;
  readonly profiles: ProfilesView;
  readonly membership: MembershipView;
  readonly workers: WorkersView;
  readonly listings: ListingsView;
  readonly live: LiveView;
  readonly explain: ExplainView;
  readonly control: Control;
}

/** Now, or as soon as the view has asked whom it has to. */
export type Later<T> = T | Promise<T>;

/** A plain JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A plain JSON object. Keys come from configurations: `__proto__` may be among them. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Envoy's states of a server. */
export type ServerState = "LIVE" | "DRAINING" | "PRE_INITIALIZING" | "INITIALIZING";

/** The process as a whole. */
export interface ServerView {
  state(): Later<ServerState>;
  info(): ServerInfo;
  memory(): Later<MemoryUse>;
  /** What initialisation still waits for (`/init_dump`). */
  unreadyTargets(): Later<readonly UnreadyTargets[]>;
}

/** Who the process is and how it was started. */
export interface ServerInfo {
  /** As `--version` prints it. */
  readonly version: string;
  /** As `--hot-restart-version` prints it: `disabled`. */
  readonly hotRestartVersion: string;
  readonly uptimeSeconds: number;
  /** By the names of Envoy's `CommandLineOptions`, in snake case. */
  readonly commandLineOptions: JsonObject;
  /** The bootstrap's `node`. */
  readonly node: JsonObject;
}

/** Memory in bytes. */
export interface MemoryUse {
  readonly allocatedBytes: number;
  readonly heapSizeBytes: number;
  readonly physicalBytes: number;
  readonly threads: readonly ThreadMemory[];
}

/** The part of one thread. `answering` is false if it did not tell in time; the numbers are its last ones then. */
export interface ThreadMemory {
  readonly thread: string;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly answering: boolean;
}

/** Something that is not ready, and what it waits for. */
export interface UnreadyTargets {
  /** Such as `Listener ingress`. */
  readonly name: string;
  readonly targetNames: readonly string[];
}

/** The stats of all threads, merged. */
export interface StatsView {
  /**
   * Brings the merged stats up to date as far as that goes within a short deadline. Never rejects: a thread that does
   * not answer contributes what is known of it.
   */
  refresh(): Promise<void>;
  /** The same for one of Envoy's pages of stats, which with `stats_flush_on_admin` end the flush interval. */
  refreshForPage(): Promise<void>;
  readonly snapshot: StatsSnapshot;
  /** The two follow the configuration in force, so they are asked for at each request. */
  tags(): TagProducer;
  buckets(): HistogramBuckets;
  /** Metrics of the process in Prometheus text format. */
  processExposition(): Promise<string>;
}

/** The TLS certificates in force. */
export interface CertificatesView {
  /** As `envoy.admin.v3.Certificates`. */
  certificates(): Json;
}

/** The clusters in force with what all workers know of their hosts. */
export interface ClustersView {
  clusters(): Later<readonly ClusterStatus[]>;
}

/** One cluster as `/clusters` shows it. */
export interface ClusterStatus {
  readonly name: string;
  /** `alt_stat_name` if there is one, else the name. */
  readonly observabilityName: string;
  readonly addedViaApi: boolean;
  /** Empty if the cluster has none. */
  readonly edsServiceName: string;
  readonly thresholds: { readonly default: CircuitBreakerLimits; readonly high: CircuitBreakerLimits };
  readonly outlier: OutlierAverages | undefined;
  readonly hosts: readonly HostStatus[];
}

/** Limits of one priority. */
export interface CircuitBreakerLimits {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** Percentages; -1 where there are too few requests to tell. */
export interface OutlierAverages {
  readonly successRateAverage: number;
  readonly successRateEjectionThreshold: number;
  readonly localOriginSuccessRateAverage: number;
  readonly localOriginSuccessRateEjectionThreshold: number;
}

/** What outlier detection knows of a cluster. */
export interface OutlierView extends OutlierAverages {
  /** Hosts that are ejected, the first 100. */
  readonly ejections: readonly {
    readonly address: string;
    /** By the names of Envoy's `OutlierEjectionType`. */
    readonly reason: string;
    readonly sinceMs: number;
    readonly endsInMs: number;
    /** How often it has been ejected. */
    readonly times: number;
  }[];
  /** Percent, -1 if there are too few requests to tell. */
  readonly successRates: readonly (readonly [address: string, external: number, localOrigin: number])[];
}

/** One host of a cluster, with sums over all workers. */
export interface HostStatus {
  readonly address: Address;
  readonly hostname: string;
  /** Over all workers. */
  readonly counters: Readonly<Record<HostCounter, number>>;
  readonly gauges: Readonly<Record<"cx_active" | "rq_active", number>>;
  /** What is wrong with it; empty if it is healthy. */
  readonly healthFlags: readonly HealthFlag[];
  readonly weight: number;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly canary: boolean;
  readonly priority: number;
  /** Percent, -1 if there are too few requests to tell. */
  readonly successRate: number;
  readonly localOriginSuccessRate: number;
}

/** What is counted of each host, by Envoy's names. */
export type HostCounter = "cx_connect_fail" | "cx_total" | "rq_error" | "rq_success" | "rq_timeout" | "rq_total";

/** Envoy's health flags, as `/clusters` prints them. */
export type HealthFlag =
  | "failed_active_hc"
  | "failed_outlier_check"
  | "failed_eds_health"
  | "degraded_active_hc"
  | "degraded_eds_health"
  | "pending_dynamic_removal"
  | "pending_active_hc"
  | "excluded_via_immediate_hc_fail"
  | "active_hc_timeout"
  | "eds_status_draining";

/** The listeners in force. */
export interface ListenersView {
  /** Those in force, with the addresses they are bound to. */
  listeners(): Later<readonly BoundListener[]>;
}

/** A listener with the addresses it is bound to. */
export interface BoundListener {
  readonly name: string;
  readonly addresses: readonly Address[];
}

/** The configuration in force and how it came to be. */
export interface ConfigView {
  /** `/config_dump`, without secrets. May take seconds for a large configuration. */
  dump(query: ConfigDumpQuery): Later<AdminResponse>;
  /** Where listeners and clusters stand in the files: `/config_places`. May take seconds for a large configuration. */
  places(): Later<AdminResponse>;
  status(): Later<ConfigStatus>;
}

/** One section of the configuration dump, such as `envoy.admin.v3.ClustersConfigDump`. */
export interface ConfigSection {
  /** Full name of the message. */
  readonly type: string;
  /** Its single fields, such as `bootstrap` or `version_info`. */
  readonly fields: JsonObject;
  /** Its repeated fields, such as `static_clusters`. */
  readonly resources: readonly ConfigResources[];
}

/** A repeated field of a section. */
export interface ConfigResources {
  readonly field: string;
  /** Full name of the elements' message. */
  readonly type: string;
  readonly elements: readonly { readonly name: string; readonly json: JsonObject }[];
}

/** How it stands with the configuration (`/config_status`). */
export interface ConfigStatus {
  /** Where it comes from, such as a path. */
  readonly source: string;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly inForceSinceMs: number;
  readonly applied: number;
  readonly rejected: number;
  /** A change is under way or waits. */
  readonly reloading: boolean;
  readonly lastAttempt: ConfigAttempt | undefined;
  /** The last attempts, oldest first; the one that brought the version in force is always among them. */
  readonly history: readonly ConfigAttempt[];
}

/** The last time somebody tried to change the configuration. */
export interface ConfigAttempt {
  readonly atMs: number;
  /** What started it, such as `SIGHUP`, `file changed`, `POST /config/reload`. */
  readonly trigger: string;
  readonly outcome: ReloadOutcome;
}

/** What became of a reload. A rejected one changes nothing. */
export type ReloadOutcome =
  | { readonly type: "applied"; readonly version: number; readonly changes: readonly ResourceChange[] }
  | { readonly type: "unchanged"; readonly version: number }
  | {
      readonly type: "rejected";
      readonly problems: readonly string[];
      /** The lines around each problem, without what may be secret; null where there are none. */
      readonly excerpts?: readonly ({ readonly from: number; readonly lines: readonly string[] } | null)[];
    };

/** A resource that a reload touches. */
export interface ResourceChange {
  /** Such as `listener`, `filter_chain`, `route_config`, `cluster`, `endpoint`. */
  readonly kind: string;
  readonly name: string;
  readonly change: "added" | "changed" | "removed";
}

/** What a configuration would do if it were loaded. */
export type DryRunOutcome =
  | {
      readonly type: "valid";
      readonly changes: readonly ResourceChange[];
      readonly drains: readonly ConnectionDrain[];
      /** Workers that did not tell how many connections would drain. */
      readonly missingWorkers: readonly string[];
    }
  | { readonly type: "rejected"; readonly problems: readonly string[] };

/** Live connections of a worker that a change would drain. */
export interface ConnectionDrain {
  readonly worker: string;
  readonly connections: number;
}

/** The layers of runtime values. */
export interface RuntimeView {
  /** Lowest first. */
  layers(): readonly { readonly name: string; readonly values: ReadonlyMap<string, string> }[];
  /** Sets values of the admin layer, on all threads; an empty one takes its key away. False if there is no such layer. */
  modify(values: ReadonlyMap<string, string>): boolean;
}

/** The log levels of the components, on all threads. */
export interface LoggingView {
  /** The components, by name. */
  levels(): readonly { readonly name: string; readonly level: LogLevel }[];
  setAll(level: LogLevel): void;
  /** Returns false and changes nothing if one of the names is unknown. */
  set(levels: ReadonlyMap<string, LogLevel>): boolean;
}

/** The actors of all threads. */
export interface ActorsView {
  /** What is known without asking any. Those of a thread that does not answer are shown as they were last. */
  tree(): readonly ActorReport[];
  /** What each thread uses; answers within a short deadline. */
  threads(): Later<readonly ThreadVitals[]>;
  /** These three ask the actor, within a deadline. Undefined: there is no such actor. */
  state(id: string): Later<Known<ShownState | null> | undefined>;
  messages(id: string): Later<Known<readonly MessageRecord[]> | undefined>;
  history(id: string): Later<Known<readonly HistoryEntry[]> | undefined>;
  deadLetters(): Later<readonly ThreadDeadLetters[]>;
  /** Begins a trace; it ends itself at its caps. Undefined: there is no such actor. Rejects if there can't be one now. */
  trace(id: string, limits: Required<TraceLimits>): Promise<AsyncIterable<TraceSoFar> | undefined>;
}

/** What threads can be made to tell of themselves at a price. Each rejects if another is under way. */
export interface ProfilesView {
  /** JSON as Chrome DevTools opens it. */
  take(kind: "cpu" | "heap", thread: string, durationMs: number): Promise<string>;
  stack(thread: string): Promise<ThreadStack>;
  /** Rejects if the thread does not get round to it. */
  heapSnapshot(thread: string): Promise<AsyncIterable<Uint8Array>>;
}

/** What is known of clusters with discovery. */
export interface MembershipView {
  clusters(): Later<readonly DiscoveredClusterStatus[]>;
}

/** One cluster with discovery. */
export interface DiscoveredClusterStatus {
  readonly cluster: string;
  /** `warming`: its hosts, or those that are to take their place, are being looked for the first time. */
  readonly state: "active" | "warming";
  /** Envoy's phase of initialisation: what is secondary begins when all primary clusters of the first configuration are initialised. */
  readonly phase: "primary" | "secondary";
  /** What it waits for while it is warming; null if it is active. */
  readonly awaits: string | null;
  /** Of its host set: grows with each change. */
  readonly version: number;
  readonly hosts: number;
  /** Hosts of which checks have found something, the first 100. */
  readonly flaggedHosts: readonly {
    readonly address: string;
    readonly flags: readonly string[];
    /** Why its last active check failed; undefined if that went well or there was none. */
    readonly why?: string;
    readonly failingForMs?: number;
  }[];
  /** Null without outlier detection. */
  readonly outlier: OutlierView | null;
  /** What the way of finding hosts says of itself: look-ups, the file's version, errors. */
  readonly discovery: JsonObject;
}

/** The long lists that workers have. */
export interface ListingsView {
  /** In pieces, as they come. Ends when all workers have told everything, or don't answer. */
  list(listing: "connections" | "streams" | "pools" | "failures", query: ListingQuery): AsyncIterable<ListingPart>;
}

/** Which rows of a listing are wanted: as in `RowQuery`, of all workers or one. */
export interface ListingQuery {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly worker?: string;
}

/** Some rows of one worker, or why the rest of its rows is missing. */
export type ListingPart =
  | { readonly worker: string; readonly rows: readonly object[] }
  | { readonly worker: string; readonly missing: string };

/** Where requests would go. */
export interface ExplainView {
  explain(question: ExplainQuestion): Promise<ExplainAnswer>;
}

/** On what was explained: a version and the worker that has it; null: a proposed configuration. */
export interface ExplainedBy {
  readonly version: number | null;
  readonly worker: string;
}

/** An explanation, or what is wrong: with the proposed configuration (400), with the question (404), or with the workers (503). */
export type ExplainAnswer =
  | { readonly explanation: Explanation; readonly by: ExplainedBy }
  | { readonly status: 400 | 404 | 503; readonly problems: readonly string[] };

/** What the supervisor knows of its workers. */
export interface WorkersView {
  workers(): Later<readonly WorkerStatus[]>;
}

/** One worker as `/workers` shows it. */
export interface WorkerStatus {
  readonly name: string;
  /** Lifecycle state, such as `running` or `draining`. */
  readonly status: string;
  readonly snapshotVersion: number;
  readonly restarts: number;
  /** False if the worker's thread has missed its reports. */
  readonly answering: boolean;
  /** Time since its last report. */
  readonly reportAgeMs: number;
  readonly connections: number;
}

/** Where everything stands, as it changes. */
export interface LiveView {
  /** Whether as many watch as may. */
  isFull(): boolean;
  /** A sample each second, from the first one that is asked for until the consumer returns. Ends at once if it is full. */
  samples(): AsyncGenerator<LiveSample, void>;
  /** How much watching there is. */
  watching(): Watching;
}

/** Who watches, and what that has cost. */
export interface Watching {
  /** Clients that get samples now. */
  readonly clients: number;
  /** Taken since the start: this stands still while nobody watches. */
  readonly samples: number;
}

/** What an operator can make the proxy do. A rejection's message is shown to the operator. */
export interface Control {
  setHealthcheckFailing(failing: boolean): void;
  /** Resolves when the drain has begun. */
  drainListeners(options: DrainOptions): Promise<void>;
  quit(): void;
  resetCounters(): void;
  reopenLogs(): Promise<void>;
  reload(): Promise<ReloadOutcome>;
  /** `text` undefined means the configured file. */
  dryRun(text: string | undefined): Promise<DryRunOutcome>;
  /** Resolves when the new number is in force, except for leaving workers that still drain. */
  setWorkerCount(count: number): Promise<void>;
  /** Cuts a downstream connection. False if there is none of this id, or its worker does not answer. */
  closeConnection(id: number): Promise<boolean>;
  /** Makes an actor fail, for tests. False if there is no such actor. */
  crashActor(id: string): Promise<boolean>;
  /** Makes an actor's thread do nothing for a while, for tests. False if there is no such actor. */
  blockActor(id: string, durationMs: number): Promise<boolean>;
}

/** How `/drain_listeners` drains. */
export interface DrainOptions {
  /** Go on accepting for the drain time before the listeners close. */
  readonly graceful: boolean;
  /** Leave the listeners open after the drain. */
  readonly skipExit: boolean;
  /** Listeners of traffic direction INBOUND only. */
  readonly inboundOnly: boolean;
}
