import { Packr } from "msgpackr";
import { AskError, describeError } from "../../src/actor/ask-error.ts";
import { withTransfer } from "../../src/actor/thread/transfer.ts";
import type { Logger } from "../../src/base/log.ts";
import type { PrepareSnapshot, ResourceName, WorkerSocket } from "../worker/protocol.ts";
import type { CompiledConfig, Resource } from "./config-compiler.ts";
import { DISCOVERY_KIND } from "./membership-link.ts";
import type { Refusal } from "./protocol.ts";
import type { WorkerHandle } from "./worker-handle.ts";

const packr = new Packr({ useRecords: false });

/** A configuration with its version. */
export interface Snapshot {
  readonly version: number;
  readonly config: CompiledConfig;
}

/** How long a worker may take for each phase. */
export interface RolloutDeadlines {
  readonly prepareMs: number;
  readonly commitMs: number;
}

/**
 * Makes what goes with a version beside its resources, for what can't be packed: it is posted by structured clone, and
 * shared memory in it stays shared. Called for each worker with the resources that are sent to it.
 */
export type SnapshotExtras = (worker: string, resources: readonly ResourceName[]) => unknown;

/**
 * Brings one version to workers in two phases: all prepare it, and only if none refuses all commit it. A worker that
 * holds the base version gets what changed, any other gets everything. Encoded once per kind, copied per worker.
 */
export class SnapshotRollout {
  readonly #next: Snapshot;
  readonly #baseVersion: number;
  readonly #upserts: readonly Resource[];
  readonly #removed: readonly ResourceName[];
  readonly #deadlines: RolloutDeadlines;
  readonly #extras: SnapshotExtras;
  readonly #log: Logger;
  #packedChange: Uint8Array | undefined;
  #packedAll: Uint8Array | undefined;

  /** `change` leads from the version `baseVersion` to `next`. */
  constructor(
    next: Snapshot,
    baseVersion: number,
    change: { readonly upserts: readonly Resource[]; readonly removed: readonly ResourceName[] },
    deadlines: RolloutDeadlines,
    extras: SnapshotExtras,
    log: Logger,
  ) {
    this.#next = next;
    this.#baseVersion = baseVersion;
    this.#upserts = forWorkers(change.upserts);
    this.#removed = forWorkers(change.removed);
    this.#deadlines = deadlines;
    this.#extras = extras;
    this.#log = log;
  }

  /** All workers' reasons against the version; empty = all have prepared it. */
  async prepare(
    workers: readonly WorkerHandle[],
    sockets: ReadonlyMap<string, readonly WorkerSocket[]>,
  ): Promise<Refusal[]> {
    const answers = workers.map((worker) => this.#prepareOn(worker, sockets.get(worker.name) ?? []));
    return (await Promise.all(answers)).filter((refusal) => refusal !== undefined);
  }

  /** A worker that fails is ended, and gets the version when it has been restarted; one that is late gets it when it wakes. */
  async commit(workers: readonly WorkerHandle[]): Promise<void> {
    await Promise.all(workers.map((worker) => this.#commitOn(worker)));
  }

  /** Tells all, also those that refused or were late: what they prepare after all is dropped. */
  async abort(workers: readonly WorkerHandle[]): Promise<void> {
    const { version } = this.#next;
    const aborts = workers.map((worker) =>
      worker.ref.ask({ type: "abortSnapshot", version }, this.#deadlines.commitMs).catch((error: unknown) => {
        this.#log.warn({ worker: worker.name, version, error: describeError(error) }, "snapshot not aborted");
      }),
    );
    await Promise.all(aborts);
  }

  async #prepareOn(worker: WorkerHandle, sockets: readonly WorkerSocket[]): Promise<Refusal | undefined> {
    try {
      const reply = await worker.ref.ask(this.#message(worker, sockets), this.#deadlines.prepareMs);
      if (reply.type === "snapshotPrepared") return undefined;
      return { worker: worker.name, reason: reply.reason, problem: undefined };
    } catch (error) {
      const late = error instanceof AskError && error.reason === "timeout";
      const reason = late ? `no answer within ${this.#deadlines.prepareMs} ms` : describeError(error);
      return { worker: worker.name, reason, problem: undefined };
    }
  }

  async #commitOn(worker: WorkerHandle): Promise<void> {
    const { version } = this.#next;
    try {
      const reply = await worker.ref.ask({ type: "commitSnapshot", version }, this.#deadlines.commitMs);
      if (reply.type === "snapshotApplied") worker.version = Math.max(worker.version, version);
      else await worker.end(`could not commit version ${version}: ${reply.reason}`);
    } catch (error) {
      this.#log.error({ worker: worker.name, version, error: describeError(error) }, "snapshot not committed in time");
    }
  }

  #message(worker: WorkerHandle, sockets: readonly WorkerSocket[]): PrepareSnapshot {
    const full = worker.version === 0 || worker.version !== this.#baseVersion;
    // Copied: msgpackr packs into a pool that it uses again, and what is transferred is gone here.
    const upserts = new Uint8Array(this.#packed(full));
    const message: PrepareSnapshot = {
      type: "prepareSnapshot",
      version: this.#next.version,
      baseVersion: this.#baseVersion,
      full,
      upserts,
      removed: full ? [] : this.#removed,
      extensions: this.#next.config.extensions,
      sockets,
      extras: this.#extras(worker.name, full ? forWorkers(this.#next.config.resources) : this.#upserts),
    };
    const bound = sockets.flatMap((socket) => (socket.kind === "bound" ? [socket.socket] : []));
    return withTransfer(message, [upserts.buffer, ...bound]);
  }

  #packed(full: boolean): Uint8Array {
    if (full) {
      this.#packedAll ??= new Uint8Array(packr.pack(forWorkers(this.#next.config.resources)));
      return this.#packedAll;
    }
    this.#packedChange ??= new Uint8Array(packr.pack(this.#upserts));
    return this.#packedChange;
  }
}

/** Those that workers build something from. */
function forWorkers<R extends ResourceName>(resources: readonly R[]): readonly R[] {
  return resources.some(({ kind }) => kind === DISCOVERY_KIND)
    ? resources.filter(({ kind }) => kind !== DISCOVERY_KIND)
    : resources;
}
