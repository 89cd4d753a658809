import type { ActorRef, Message, Question } from "../../src/actor/actor-ref.ts";
import type { LifecycleState } from "../../src/actor/lifecycle.ts";
import type { CrashRecord } from "../../src/actor/supervision.ts";
import type { ConfigProblem } from "../../src/config/config-problem.ts";
import type { BuiltTable } from "../../src/lb/hash/build-table.ts";
import type { PackedRecipe } from "../../src/lb/hash/packed-recipe.ts";
import type { Address } from "../../src/net/address.ts";
import type { ConsecutiveType } from "../../src/upstream/outlier/outlier-data.ts";
import type {
  CloseConnection,
  InspectQuery,
  ListeningServer,
  ResourceName,
  StatsShard,
  WorkerSetting,
  WorkerSignal,
} from "../worker/protocol.ts";
import type { CompiledConfig, ConfigSource } from "./config-compiler.ts";

/**
 * Compiles the source and puts it in force on all workers, or nowhere. One at a time; a newer request takes the place of
 * one that still waits, and both get its outcome.
 */
export interface Reload extends Question<ReloadOutcome> {
  readonly type: "reload";
  readonly source: ConfigSource;
  /** What set it off, for the history: `start`, `SIGHUP`, `file`, `admin`. */
  readonly cause: string;
}

/** What became of a configuration. */
export type ReloadOutcome =
  | {
      readonly outcome: "accepted";
      readonly version: number;
      readonly changes: SnapshotChanges;
      readonly warnings: readonly ConfigProblem[];
    }
  /** Equal to what is in force: nothing was done. */
  | { readonly outcome: "unchanged"; readonly version: number; readonly warnings: readonly ConfigProblem[] }
  | { readonly outcome: "refused"; readonly refusals: readonly Refusal[] };

/** A reason against a configuration: a problem of the configuration itself, or of a worker that can't apply it. */
export interface Refusal {
  /** Empty if it wasn't a worker. */
  readonly worker: string;
  /** One line for people. */
  readonly reason: string;
  readonly problem: ConfigProblem | undefined;
}

/** What a version changed. */
export interface SnapshotChanges {
  readonly added: readonly ResourceName[];
  readonly changed: readonly ResourceName[];
  readonly removed: readonly ResourceName[];
}

/** Says what `Reload` would do, without doing it. */
export interface DryRun extends Question<DryRunOutcome> {
  readonly type: "dryRun";
  readonly source: ConfigSource;
}

/** What a configuration would do, or what is wrong with it. */
export type DryRunOutcome =
  | {
      readonly outcome: "valid";
      readonly changes: SnapshotChanges;
      readonly warnings: readonly ConfigProblem[];
      /** Live connections that would drain, per worker; undefined from a worker that didn't answer. */
      readonly drains: readonly WorkerAnswer<number>[];
    }
  | { readonly outcome: "refused"; readonly refusals: readonly Refusal[] };

/** Compiles the source and does nothing with it. */
export interface Compile extends Question<CompileAnswer> {
  readonly type: "compile";
  readonly source: ConfigSource;
}

/** What was compiled, or what is wrong with it. */
export type CompileAnswer =
  | {
      readonly outcome: "compiled";
      readonly resources: CompiledConfig["resources"];
      /** Names of all extensions that it uses. */
      readonly extensions: readonly string[];
    }
  | { readonly outcome: "refused"; readonly refusals: readonly Refusal[] };

/** Changes the number of workers while they run. Replies when new ones serve and leaving ones have handed over. */
export interface SetWorkerCount extends Question<WorkerCountChanged> {
  readonly type: "setWorkerCount";
  readonly count: number;
}

/** How many workers there were and are, those that wait for a restart included, those that leave not. */
export interface WorkerCountChanged {
  readonly type: "workerCountChanged";
  readonly before: number;
  readonly after: number;
}

/** Asks each worker, or one, for a view. Always answers within the deadline, with what has come by then. */
export interface InspectWorkers extends Question<readonly WorkerAnswer<unknown>[]> {
  readonly type: "inspectWorkers";
  readonly query: InspectQuery;
  /** Undefined = all. */
  readonly worker?: string;
  readonly deadlineMs: number;
}

/** One worker's part of an answer. */
export type WorkerAnswer<T> =
  | { readonly worker: string; readonly answered: true; readonly value: T }
  | { readonly worker: string; readonly answered: false; readonly reason: string };

/** As the worker's `CloseConnection`, for all workers together. False too if the worker that may have it doesn't answer in time. */
export interface CloseAnyConnection extends CloseConnection {
  readonly deadlineMs: number;
}

/** Makes the merged stats as fresh as the workers allow within the deadline. */
export interface CollectStats extends Question<readonly WorkerAnswer<undefined>[]> {
  readonly type: "collectStats";
  readonly deadlineMs: number;
}

/** The supervisor's own knowledge; never waits for a worker. */
export interface GetStatus extends Question<SupervisorStatus> {
  readonly type: "getStatus";
}

/** What the supervisor knows, as of now. */
export interface SupervisorStatus {
  /** Version in force; 0 before the first. */
  readonly version: number;
  /** A reload is under way or waits. */
  readonly reloading: boolean;
  readonly workers: readonly WorkerStatus[];
  readonly listeners: readonly ListenerStatus[];
  /** Oldest first. */
  readonly history: readonly SnapshotRecord[];
  /** Since the start. */
  readonly attempts: AttemptCounts;
}

/** How often a configuration was tried, by what became of it. */
export type AttemptCounts = Readonly<Record<ReloadOutcome["outcome"], number>>;

/** One worker as the supervisor knows it. */
export interface WorkerStatus {
  readonly worker: string;
  readonly number: number;
  readonly status: LifecycleState;
  readonly version: number;
  readonly restarts: number;
  readonly lastError: string | undefined;
  readonly crashes: readonly CrashRecord[];
  /** False if it has missed its reports. */
  readonly answering: boolean;
  /** Age of its last report in milliseconds; undefined before the first. */
  readonly reportAgeMs: number | undefined;
}

/** One listening address and how many sockets each worker has for it. */
export interface ListenerStatus {
  readonly key: string;
  readonly listener: string;
  /** As bound: with the real port where the configuration says 0. */
  readonly address: Address;
  readonly holders: readonly { readonly worker: string; readonly sockets: number }[];
  /** `draining`: connections are being wound up, and it still accepts; `closed`: it has been drained and accepts no more. */
  readonly state: "open" | "draining" | "closed";
}

/** One attempt to bring a configuration in force. */
export interface SnapshotRecord {
  /** Undefined if it wasn't even right. */
  readonly version: number | undefined;
  readonly atWallMs: number;
  readonly durationMs: number;
  readonly cause: string;
  readonly source: string;
  readonly outcome: ReloadOutcome["outcome"];
  /** At most 100 names of each kind of change. */
  readonly changes: SnapshotChanges | undefined;
  /** How many of each kind there were. */
  readonly changeCounts: { readonly added: number; readonly changed: number; readonly removed: number };
  /** At most 20. */
  readonly refusals: readonly Refusal[];
  readonly warningCount: number;
}

/** Sends something to every worker. Settings are kept and given to workers that start later. */
export interface Broadcast {
  readonly type: "broadcast";
  readonly message: WorkerSetting | WorkerSignal;
}

/** Debug hook: crashes a worker. Replies whether there is one of that name. */
export interface CrashWorker extends Question<boolean> {
  readonly type: "crashWorker";
  readonly worker: string;
}

/** Debug hook: blocks a worker's thread. Replies whether there is one of that name. */
export interface BlockWorker extends Question<boolean> {
  readonly type: "blockWorker";
  readonly worker: string;
  readonly ms: number;
}

/** Sends `SupervisorEvent`s to an actor of this thread until it ends. */
export interface Subscribe {
  readonly type: "subscribe";
  readonly subscriber: ActorRef<SupervisorEvent>;
}

/** Drains all workers and ends them; nothing is left after `deadlineMs`. No reload is taken any more. */
export interface Shutdown extends Question<{ readonly type: "workersStopped"; readonly cut: number }> {
  readonly type: "shutdown";
  /** How long connections may go on. */
  readonly drainMs: number;
  /** Announce the end at once rather than spread over `drainMs`. */
  readonly immediate: boolean;
  /** When connections with nothing under way are closed. Default: at `drainMs`. */
  readonly idleMs?: number | undefined;
  /** For everything together. */
  readonly deadlineMs: number;
}

/** From a worker: what it counted. */
export interface StatsFlushed {
  readonly type: "statsFlushed";
  readonly worker: string;
  readonly incarnation: number;
  /** Undefined if nothing changed. */
  readonly shard: StatsShard | undefined;
  /** The requests this answers. */
  readonly requestIds: readonly number[];
}

/** From a worker: the listening servers it was told to hand over. They move with the message. */
export interface ListenersHandedOver {
  readonly type: "listenersHandedOver";
  readonly worker: string;
  readonly incarnation: number;
  readonly requestId: number;
  readonly servers: readonly ListeningServer[];
}

/** An upstream host has told a worker, in an answer, that it fails its health checks. At most once per host until the worker hears of it. */
export interface HostFailed {
  readonly type: "hostFailed";
  readonly cluster: string;
  /** As `formatAddress` writes it. */
  readonly address: string;
}

/** From a worker: so many requests to a host have failed in a row, over all workers, that outlier detection is to judge it. */
export interface HostTripped {
  readonly type: "hostTripped";
  readonly cluster: string;
  /** As `formatAddress` writes it. */
  readonly address: string;
  readonly failures: ConsecutiveType;
}

/** From a worker: build this hash table, or hand out the one that is built already. */
export interface BuildHashTable extends Question<HashTableBuilt> {
  readonly type: "buildHashTable";
  readonly recipe: PackedRecipe;
}

/** The table, in memory that all workers share. */
export interface HashTableBuilt {
  readonly type: "hashTableBuilt";
  readonly table: BuiltTable;
}

/** From a worker: a version is in force there. */
export interface SnapshotApplied {
  readonly type: "snapshotApplied";
  readonly worker: string;
  readonly incarnation: number;
  readonly version: number;
}

/** All that the supervisor understands. */
export type SupervisorMessage =
  | Reload
  | DryRun
  | Compile
  | SetWorkerCount
  | InspectWorkers
  | CloseAnyConnection
  | CollectStats
  | GetStatus
  | Broadcast
  | CrashWorker
  | BlockWorker
  | Subscribe
  | Shutdown
  | StatsFlushed
  | ListenersHandedOver
  | SnapshotApplied
  | HostFailed
  | HostTripped
  | BuildHashTable;

/** What the supervisor tells its subscribers. */
export type SupervisorEvent = Message &
  (
    | { readonly type: "snapshotAccepted"; readonly record: SnapshotRecord }
    | { readonly type: "snapshotRefused"; readonly record: SnapshotRecord }
    | { readonly type: "workerStarted"; readonly worker: string; readonly version: number }
    | { readonly type: "workerCrashed"; readonly worker: string; readonly crash: CrashRecord }
    | { readonly type: "workerRestarted"; readonly worker: string; readonly restarts: number }
    /** It is not restarted any more. */
    | { readonly type: "workerFailed"; readonly worker: string; readonly error: string }
    /** As the last one that was left has failed: nobody serves, and nobody will. */
    | { readonly type: "allWorkersFailed"; readonly error: string }
    | { readonly type: "workerStopped"; readonly worker: string }
  );
