import type { BoundSocket, Server, Socket } from "node:net";
import type { Question } from "../../src/actor/actor-ref.ts";
import type { LogLevel } from "../../src/base/log.ts";
import type { RuntimeEntry } from "../../src/runtime/runtime-entry.ts";
import type { StatsDelta } from "../../src/stats/stats-delta.ts";
import type { BreakerChunk } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { MembershipDelta } from "../../src/upstream/membership/membership-delta.ts";

/** A resource by kind and name, such as `listener` `ingress`. */
export interface ResourceName {
  readonly kind: string;
  readonly name: string;
}

/**
 * What a worker gets for one address of a listener that is new to it. `key` is the listening socket's key (`socketKey`).
 * - `bound`: a socket of its own, bound with SO_REUSEPORT; the worker listens on it at the commit.
 * - `adopted`: a listening server follows by `AdoptListeners` after the commit.
 * - `handedOut`: the main thread accepts; connections come as `AcceptedConnection`.
 * - `udp`: the worker binds a UDP socket to this port itself; UDP sockets can't be moved.
 * - `pipe`: a Unix-domain address, which can't be moved; this worker is the one that owns it.
 */
export type WorkerSocket =
  | { readonly kind: "bound"; readonly key: string; readonly socket: BoundSocket }
  | { readonly kind: "udp"; readonly key: string; readonly port: number }
  | { readonly kind: "adopted" | "handedOut" | "pipe"; readonly key: string };

/** A listening server on its way from one worker to another. */
export interface ListeningServer {
  readonly key: string;
  readonly server: Server;
}

/** Asks whether the worker answers at all. The first message to each new worker. */
export interface Greet extends Question<{ readonly type: "greeted" }> {
  readonly type: "greet";
}

/**
 * Builds a version beside the one in force; nothing of it takes effect yet. The worker owns `sockets` from then on. A
 * worker holds one prepared version at most.
 */
export interface PrepareSnapshot extends Question<SnapshotPrepared | SnapshotRefused> {
  readonly type: "prepareSnapshot";
  readonly version: number;
  /** The version that `upserts` and `removed` change; without meaning if `full`. */
  readonly baseVersion: number;
  /** Everything is in `upserts`; what isn't there goes. */
  readonly full: boolean;
  /** msgpackr of `PackedResource[]`. Transferred: a copy of its own for each worker. */
  readonly upserts: Uint8Array;
  readonly removed: readonly ResourceName[];
  /** Names of all extensions that the version uses; their code is loaded before anything is built. */
  readonly extensions: readonly string[];
  readonly sockets: readonly WorkerSocket[];
  /** What can't be packed, such as shared memory; made by `SnapshotExtras` on the main thread. Undefined if there is none. */
  readonly extras: unknown;
}

/** One element of `PrepareSnapshot.upserts`; `data` is packed by itself. */
export interface PackedResource extends ResourceName {
  readonly hash: string;
  readonly data: Uint8Array;
}

/** Puts the prepared version in force. */
export interface CommitSnapshot extends Question<SnapshotApplied | SnapshotRefused> {
  readonly type: "commitSnapshot";
  readonly version: number;
}

/** Drops the prepared version, with its sockets. Does nothing if there is none. */
export interface AbortSnapshot extends Question<{ readonly type: "snapshotAborted" }> {
  readonly type: "abortSnapshot";
  readonly version: number;
}

/** The worker has built the version and waits for its commit or abort. */
export interface SnapshotPrepared {
  readonly type: "snapshotPrepared";
  readonly version: number;
}

/** The worker can't have the version; nothing of it is left there. */
export interface SnapshotRefused {
  readonly type: "snapshotRefused";
  readonly version: number;
  /** One line for people. */
  readonly reason: string;
}

/** The version is in force on the worker. */
export interface SnapshotApplied {
  readonly type: "snapshotApplied";
  readonly version: number;
}

/** How the hosts of clusters have changed. Takes effect at once; hosts of clusters that come with the next version wait for it. */
export interface UpdateMembership extends Question<MembershipUpdated> {
  readonly type: "updateMembership";
  readonly deltas: readonly MembershipDelta[];
  /** Memory in which this worker counts what it counts of single hosts: what it does not have yet. */
  readonly hostChunks: readonly BreakerChunk[];
}

/** The deltas have been taken over. */
export interface MembershipUpdated {
  readonly type: "membershipUpdated";
  /** Clusters whose delta did not fit what is known here: they need one with everything. */
  readonly missed: readonly string[];
}

/** Winds up all connections; listening sockets are closed first, if any are left. Replies when all have ended. */
export interface Drain extends Question<Drained> {
  readonly type: "drain";
  /** After this many milliseconds what is still open is cut. */
  readonly deadlineMs: number;
  /** Announce the end at the next response of each connection, rather than spread over the deadline. */
  readonly immediate: boolean;
  /** After so long, connections with nothing under way are closed. Default: they may stay until the deadline. */
  readonly idleMs?: number | undefined;
}

/** No connection is left. */
export interface Drained {
  readonly type: "drained";
  /** Connections that ended by themselves. */
  readonly finished: number;
  /** Connections that were cut at the deadline. */
  readonly cut: number;
}

/** How many listening servers of which key to hand over. */
export interface ServerCount {
  readonly key: string;
  readonly count: number;
}

/**
 * Takes listening servers from the worker, with the connections in their queues. Answered by `ListenersHandedOver`, which
 * is a message of its own: a reply that comes after the deadline would be lost, and the servers with it.
 */
export interface HandOverListeners {
  readonly type: "handOverListeners";
  readonly requestId: number;
  readonly servers: "all" | readonly ServerCount[];
}

/** Gives the worker listening servers of addresses it knows. Transferred. */
export interface AdoptListeners extends Question<{ readonly type: "listenersAdopted" }> {
  readonly type: "adoptListeners";
  readonly servers: readonly ListeningServer[];
}

/** A connection that the main thread has accepted for this worker. Transferred. */
export interface AcceptedConnection {
  readonly type: "acceptedConnection";
  readonly key: string;
  readonly socket: Socket;
}

/** Stops listening (`/drain_listeners`): at once, or after winding up existing connections. */
export interface DrainListeners {
  readonly type: "drainListeners";
  readonly graceful: boolean;
  readonly inboundOnly: boolean;
}

/** Asks for anything a person wants to see of a worker. */
export interface Inspect extends Question<unknown> {
  readonly type: "inspect";
  readonly query: InspectQuery;
}

/** Which view, such as `connections`, and its parameters. */
export interface InspectQuery {
  readonly view: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Cuts a downstream connection. Replies whether there was one of this id. */
export interface CloseConnection extends Question<boolean> {
  readonly type: "closeConnection";
  readonly id: number;
}

/** Asks how many live connections of this worker would be drained by a change that is not applied. */
export interface EstimateDrain extends Question<number> {
  readonly type: "estimateDrain";
  /** As in `PrepareSnapshot`; only resources that connections are bound to need to be there. */
  readonly upserts: Uint8Array;
  readonly removed: readonly ResourceName[];
}

/** Sends what changed in the stats now; the answer is a `StatsFlushed` with this id. */
export interface FlushStats {
  readonly type: "flushStats";
  readonly requestId: number;
}

/** The supervisor has merged the last `StatsFlushed`; the next may follow. */
export interface StatsAccepted {
  readonly type: "statsAccepted";
}

/** What one worker counted since its last flush. */
export interface StatsShard {
  readonly delta: StatsDelta;
  /** Memory that lets the main thread read the last counts even after a crash. Shared, not transferred. */
  readonly newMemory: readonly SharedArrayBuffer[];
}

/** `component` empty = all components. */
export interface SetLogLevel {
  readonly type: "setLogLevel";
  readonly component: string;
  readonly level: LogLevel;
}

/** `POST /runtime_modify`: all values of the admin layer. */
export interface SetRuntimeOverrides {
  readonly type: "setRuntimeOverrides";
  readonly overrides: ReadonlyMap<string, RuntimeEntry>;
}

/** Reopens log files, after rotation. */
export interface ReopenLogs {
  readonly type: "reopenLogs";
}

/** `/healthcheck/fail` and `/healthcheck/ok`. */
export interface SetHealthCheckFailed {
  readonly type: "setHealthCheckFailed";
  readonly failed: boolean;
}

/** Zeroes counters and histograms that the worker keeps beside its shard (`/reset_counters`). */
export interface ResetCounters {
  readonly type: "resetCounters";
}

/** Debug hook: the thread dies of an uncaught error. */
export interface Crash {
  readonly type: "crash";
}

/** Debug hook: the thread does nothing at all for `ms`. */
export interface Block {
  readonly type: "block";
  readonly ms: number;
}

/** Ends the worker; replies just before the thread ends. What is still open is cut. */
export interface Stop extends Question<{ readonly type: "workerStopping" }> {
  readonly type: "stop";
}

/** Settings that go to every worker alike, and to those that start later. */
export type WorkerSetting = SetLogLevel | SetRuntimeOverrides | SetHealthCheckFailed;

/** Signals that go to every worker that runs now. */
export type WorkerSignal = ReopenLogs | ResetCounters | DrainListeners;

/** All that a worker understands. */
export type WorkerMessage =
  | Greet
  | PrepareSnapshot
  | CommitSnapshot
  | AbortSnapshot
  | UpdateMembership
  | Drain
  | HandOverListeners
  | AdoptListeners
  | AcceptedConnection
  | Inspect
  | CloseConnection
  | EstimateDrain
  | FlushStats
  | StatsAccepted
  | WorkerSetting
  | WorkerSignal
  | Crash
  | Block
  | Stop;

/** What the entry script of a worker finds as `ThreadStart.data`. */
export interface WorkerThreadData {
  /** Name of the worker and its thread, such as `worker-1`. */
  readonly worker: string;
  /** From 1. Numbers of workers that have ended are used again. */
  readonly number: number;
  /** Counts the threads this worker has had; goes back with what it sends. */
  readonly incarnation: number;
  /** Id of the supervisor's actor on the main thread. */
  readonly supervisor: string;
  readonly flushIntervalMs: number;
  readonly reportIntervalMs: number;
  /** One Int32: connections handed out to this thread and not yet closed. The worker counts down. */
  readonly handedOut: SharedArrayBuffer;
  /** What the composition root gives every worker. */
  readonly shared: unknown;
}
