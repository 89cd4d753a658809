import { unpack } from "msgpackr";
import { describeError } from "../../src/actor/ask-error.ts";
import type {
  PackedResource,
  PrepareSnapshot,
  SnapshotApplied,
  SnapshotPrepared,
  SnapshotRefused,
  WorkerSocket,
} from "./protocol.ts";
import type { WorkerResource, WorkerRuntime } from "./runtime.ts";

/**
 * The two phases of a version on one worker: prepare, then commit or abort. Steps run one after the other in the order
 * they came, also when one takes long, so that an abort finds what it has to undo.
 */
export class SnapshotSteps {
  readonly #runtime: WorkerRuntime;
  #applied = 0;
  #prepared: number | undefined;
  #tail: Promise<void> = Promise.resolve();

  constructor(runtime: WorkerRuntime) {
    this.#runtime = runtime;
  }

  /** The version in force; 0 before the first. */
  get appliedVersion(): number {
    return this.#applied;
  }

  prepare(message: PrepareSnapshot): Promise<SnapshotPrepared | SnapshotRefused> {
    return this.#next(async () => {
      const { version } = message;
      const reason = this.#reasonAgainst(message) ?? (await this.#build(message));
      if (reason !== undefined) return { type: "snapshotRefused", version, reason };
      this.#prepared = version;
      return { type: "snapshotPrepared", version };
    });
  }

  /** Rejects if the runtime fails: the worker's state is then in doubt. */
  commit(version: number): Promise<SnapshotApplied | SnapshotRefused> {
    return this.#next(async () => {
      if (this.#prepared !== version) {
        return { type: "snapshotRefused", version, reason: `version ${version} is not prepared` };
      }
      this.#prepared = undefined;
      await this.#runtime.commit(version);
      this.#applied = version;
      return { type: "snapshotApplied", version };
    });
  }

  abort(version: number): Promise<void> {
    return this.#next(async () => {
      if (this.#prepared !== version) return;
      this.#prepared = undefined;
      this.#runtime.abort(version);
    });
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(step);
    this.#tail = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  #reasonAgainst(message: PrepareSnapshot): string | undefined {
    const reason = this.#contradiction(message);
    if (reason !== undefined) closeBound(message.sockets);
    return reason;
  }

  #contradiction({ version, baseVersion, full }: PrepareSnapshot): string | undefined {
    if (this.#prepared !== undefined) return `version ${this.#prepared} is prepared already`;
    if (version <= this.#applied) return `version ${version} is not above ${this.#applied}, which is in force`;
    if (full || baseVersion === this.#applied) return undefined;
    return `the change is based on version ${baseVersion}, but ${this.#applied} is in force`;
  }

  async #build(message: PrepareSnapshot): Promise<string | undefined> {
    const { version, full, removed, extensions, sockets, extras } = message;
    let upserts: WorkerResource[];
    try {
      upserts = unpackResources(message.upserts);
    } catch (error) {
      closeBound(sockets);
      return `the snapshot can't be read: ${describeError(error)}`;
    }
    try {
      await this.#runtime.prepare({ version, full, upserts, removed, extensions, sockets, extras });
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }
}

/** Resources as they travel: msgpackr of `PackedResource[]`. */
export function unpackResources(packed: Uint8Array): WorkerResource[] {
  const resources: readonly PackedResource[] = unpack(packed);
  return resources.map(({ kind, name, hash, data }) => ({ kind, name, hash, data: unpack(data) }));
}

function closeBound(sockets: readonly WorkerSocket[]): void {
  for (const socket of sockets) if (socket.kind === "bound") socket.socket.close();
}
