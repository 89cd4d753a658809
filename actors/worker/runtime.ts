import type { Socket } from "node:net";
import type { AttributeValue } from "../../src/actor/inspection/actor-report.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Logger, LogLevel } from "../../src/base/log.ts";
import type { RandomSource } from "../../src/base/random.ts";
import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import type { TableBuilder } from "../../src/lb/hash/build-table.ts";
import type { RuntimeEntry } from "../../src/runtime/runtime-entry.ts";
import type { BreakerChunk } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { MembershipDelta } from "../../src/upstream/membership/membership-delta.ts";
import type { ConsecutiveType } from "../../src/upstream/outlier/outlier-data.ts";
import type {
  Drain,
  Drained,
  DrainListeners,
  InspectQuery,
  ListeningServer,
  ResourceName,
  ServerCount,
  StatsShard,
  WorkerSocket,
} from "./protocol.ts";

/** A resource, unpacked. */
export interface WorkerResource extends ResourceName {
  readonly hash: string;
  readonly data: unknown;
}

/** What a version changes. */
export interface SnapshotChange {
  readonly version: number;
  /** Everything is in `upserts`; what isn't there goes. */
  readonly full: boolean;
  readonly upserts: readonly WorkerResource[];
  readonly removed: readonly ResourceName[];
  /** Names of all extensions that the version uses. */
  readonly extensions: readonly string[];
  /** Sockets of addresses that are new to this worker. The runtime owns them from now on. */
  readonly sockets: readonly WorkerSocket[];
  /** What the main thread adds beside the resources, such as shared memory; undefined if nothing. */
  readonly extras: unknown;
}

/**
 * The data plane of one worker, as its actor drives it: listeners, clusters, routes, connections. `prepare`, `commit` and
 * `abort` never overlap. Everything runs on the worker's thread. What throws outside `prepare` crashes the worker.
 */
export interface WorkerRuntime {
  /**
   * Builds the version beside the present one, without effect on live traffic and without listening. Throws to refuse:
   * the message is shown to people; what was built and the sockets are freed by then.
   */
  prepare(change: SnapshotChange): Promise<void>;
  /** Puts the prepared version in force; resolves when its sockets listen. Closes listening sockets that it lacks. */
  commit(version: number): Promise<void>;
  /** Frees what was prepared, with its sockets. */
  abort(version: number): void;

  /** Takes over how the hosts of clusters changed; answers the clusters that need a delta with everything. */
  updateMembership(deltas: readonly MembershipDelta[], hostChunks: readonly BreakerChunk[]): readonly string[];

  /** Gives up listening servers, without closing them. They no longer accept here. Those it doesn't have are left out. */
  takeListeningServers(servers: "all" | readonly ServerCount[]): ListeningServer[];
  /** Accepts on these servers from now on. Their keys are known from the snapshot. */
  adoptListeningServers(servers: readonly ListeningServer[]): void;
  /** Serves a connection that another thread has accepted. Calls `onClosed` once when it has ended. */
  acceptConnection(key: string, socket: Socket, onClosed: () => void): void;

  /** Closes what still listens, winds up connections, cuts the rest at the deadline. */
  drain(how: Pick<Drain, "deadlineMs" | "immediate" | "idleMs">): Promise<Drained>;
  drainListeners(options: DrainListeners): void;
  /** Ends everything at once. Called once, after a crash of the worker's actor too. */
  stop(): Promise<void>;

  /** What changed since the last call; undefined if nothing did. */
  takeStats(): StatsShard | undefined;
  resetCounters(): void;
  /** Shown beside the worker in the actor tree, such as `activeConnections`. Called a few times a second: must be cheap. */
  attributes(): Iterable<readonly [string, AttributeValue]>;
  /** Throws for a view it doesn't know. The answer must be structured-cloneable and bounded. */
  inspect(query: InspectQuery): unknown;
  /** What a person sees of it first: plain, of moderate size, quickly made. */
  describe(): unknown;
  /** Cuts a downstream connection; false if there is none of this id. */
  closeConnection(id: number): boolean;
  /** How many connections a change would drain. */
  estimateDrain(upserts: readonly WorkerResource[], removed: readonly ResourceName[]): number;

  setLogLevel(component: string, level: LogLevel): void;
  reopenLogs(): void;
  /** All values of the admin layer of runtime. */
  setRuntimeOverrides(overrides: ReadonlyMap<string, RuntimeEntry>): void;
  setHealthCheckFailed(failed: boolean): void;
}

/** What a runtime is made with. */
export interface WorkerServices {
  /** Name of the worker, such as `worker-1`. */
  readonly worker: string;
  /** From 1. */
  readonly number: number;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
  /** What the composition root gives every worker. */
  readonly shared: unknown;
  /** Crashes the worker: for errors that leave its state in doubt. */
  readonly escalate: (error: unknown) => void;
  /** Tells the main side that an upstream host says of itself that it fails. */
  readonly hostFailed: (cluster: string, address: string) => void;
  /** So many requests to a host have failed in a row. */
  readonly hostTripped: (cluster: string, address: string, failures: ConsecutiveType) => void;
  /** Builds big hash tables once for all workers. */
  readonly tables: TableBuilder;
}

/** Makes the data plane of a new worker. */
export type CreateRuntime = (services: WorkerServices) => WorkerRuntime;
