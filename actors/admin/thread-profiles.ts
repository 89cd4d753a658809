import type { ActorSystem } from "../../src/actor/actor-system.ts";
import type { ActorInspection } from "../../src/actor/inspection/actor-inspection.ts";
import { ThreadProfiler, type ThreadStack } from "../../src/actor/inspection/thread-profile.ts";
import { settleWithin } from "../../src/actor/settle-within.ts";
import type { ProfilesView } from "../../src/admin/actors/actors-view.ts";

/** For a snapshot to begin: the thread has to get round to it. */
const SNAPSHOT_DEADLINE_MS = 30_000;

/** Profiles of the threads of this process. */
export class ThreadProfiles implements ProfilesView {
  readonly #system: ActorSystem;
  readonly #inspection: ActorInspection;
  readonly #profiler: ThreadProfiler;

  constructor(system: ActorSystem, inspection: ActorInspection) {
    this.#system = system;
    this.#inspection = inspection;
    this.#profiler = new ThreadProfiler(system.timers, system.thread);
  }

  take(kind: "cpu" | "heap", thread: string, durationMs: number): Promise<string> {
    return kind === "cpu"
      ? this.#profiler.cpuProfile(thread, durationMs)
      : this.#profiler.heapProfile(thread, durationMs);
  }

  stack(thread: string): Promise<ThreadStack> {
    return this.#profiler.stack(thread);
  }

  async heapSnapshot(thread: string): Promise<AsyncIterable<Uint8Array>> {
    const found = this.#inspection.threads().find((each) => each.thread === thread);
    if (found === undefined) throw new Error(`there is no thread ${thread}`);
    const snapshot = found.probe.heapSnapshot();
    if ((await settleWithin(this.#system.timers, SNAPSHOT_DEADLINE_MS, snapshot)) === "settled") return snapshot;
    // Should it come after all, nobody will read it.
    snapshot.then(
      (late) => late.destroy(),
      () => {},
    );
    throw new Error(`${thread} did not get round to it within ${SNAPSHOT_DEADLINE_MS / 1000} s`);
  }
}
