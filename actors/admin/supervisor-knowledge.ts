import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { ActorReport } from "../../src/actor/inspection/actor-report.ts";
import type { WorkerStatus } from "../../src/admin/actors/workers-view.ts";
import type { ConfigAttempt, ConfigStatus } from "../../src/admin/config-view.ts";
import type { BoundListener } from "../../src/admin/listeners-view.ts";
import type { ListingQuery } from "../../src/admin/listings-view.ts";
import type { MemoryHeld } from "../../src/base/memory-held.ts";
import type { ClusterInspection } from "../../src/upstream/cluster-inspection.ts";
import type { SnapshotRecord, SupervisorMessage, SupervisorStatus } from "../supervisor/protocol.ts";
import { shownOutcome } from "./shown-outcome.ts";
import { listWorkers, SUPERVISOR_DEADLINE_MS } from "./worker-listing.ts";

/** The supervisor answers from memory; a longer wait means that the main thread itself is in trouble. */
const STATUS_DEADLINE_MS = 500;
/** For workers. Leaves room within the second that a page may take. */
const INSPECT_DEADLINE_MS = 500;
const COLLECT_DEADLINE_MS = 250;
const EVERYTHING: ListingQuery = { text: "", fields: {} };

/** The memory of one worker; zeros if it never told. */
export interface WorkerMemory {
  readonly worker: string;
  readonly answering: boolean;
  readonly use: MemoryHeld;
}

/** What the admin pages learn from the supervisor. */
export class SupervisorKnowledge {
  readonly #supervisor: ActorRef<SupervisorMessage>;
  readonly #tree: () => readonly ActorReport[];
  readonly #memory = new Map<string, MemoryHeld>();

  /** `tree` gives the actor tree, for what workers show of themselves. */
  constructor(supervisor: ActorRef<SupervisorMessage>, tree: () => readonly ActorReport[]) {
    this.#supervisor = supervisor;
    this.#tree = tree;
  }

  async workers(): Promise<WorkerStatus[]> {
    const { workers } = await this.#status();
    const connections = connectionsByThread(this.#tree());
    return workers.map(({ worker, status, version, restarts, answering, reportAgeMs }) => ({
      name: worker,
      status,
      snapshotVersion: version,
      restarts,
      answering,
      reportAgeMs: reportAgeMs ?? 0,
      connections: connections.get(worker) ?? 0,
    }));
  }

  /** Workers that serve and have missed their reports. Empty if the supervisor itself does not answer. */
  async notAnswering(): Promise<string[]> {
    try {
      const { workers } = await this.#status();
      const silent = workers.filter(
        ({ status, answering }) => !answering && (status === "running" || status === "draining"),
      );
      return silent.map(({ worker }) => worker);
    } catch {
      return [];
    }
  }

  async listeners(): Promise<BoundListener[]> {
    const { listeners } = await this.#status();
    const byName = new Map<string, BoundListener>();
    for (const { listener, address, state } of listeners) {
      const known = byName.get(listener);
      byName.set(listener, { name: listener, addresses: [...(known?.addresses ?? []), address], state });
    }
    return [...byName.values()];
  }

  async configStatus(): Promise<ConfigStatus> {
    const { version, history, attempts, reloading } = await this.#status();
    const inForce = history.findLast((record) => record.outcome === "accepted");
    const last = history.at(-1);
    return {
      source: inForce?.source ?? last?.source ?? "",
      version,
      inForceSinceMs: inForce === undefined ? 0 : inForce.atWallMs,
      applied: attempts.accepted,
      rejected: attempts.refused,
      reloading,
      lastAttempt: last === undefined ? undefined : attempt(last, version),
      history: history.map((record) => attempt(record, version)),
    };
  }

  /** What each worker that answers knows of the clusters it uses. */
  async clusterInspections(): Promise<ClusterInspection[][]> {
    const found = new Map<string, ClusterInspection[]>();
    for await (const part of listWorkers(this.#supervisor, "clusters", EVERYTHING)) {
      if ("missing" in part) continue;
      const known = found.get(part.worker) ?? [];
      found.set(part.worker, known);
      for (const row of part.rows) known.push(row as ClusterInspection);
    }
    return [...found.values()];
  }

  /** What the workers' threads use. Of one that doesn't answer, what it said last. */
  async workerMemory(): Promise<WorkerMemory[]> {
    const answers = await this.#supervisor.ask(
      { type: "inspectWorkers", query: { view: "memory" }, deadlineMs: INSPECT_DEADLINE_MS },
      SUPERVISOR_DEADLINE_MS,
    );
    const present = new Set(answers.map(({ worker }) => worker));
    for (const worker of this.#memory.keys()) if (!present.has(worker)) this.#memory.delete(worker);
    return answers.map((answer) => {
      if (answer.answered) this.#memory.set(answer.worker, answer.value as MemoryHeld);
      const use = this.#memory.get(answer.worker) ?? { heapUsed: 0, heapTotal: 0, external: 0 };
      return { worker: answer.worker, answering: answer.answered, use };
    });
  }

  /** Has the workers report what they counted, as far as they do so in time. Never rejects. */
  async collectStats(): Promise<void> {
    await this.#supervisor
      .ask({ type: "collectStats", deadlineMs: COLLECT_DEADLINE_MS }, COLLECT_DEADLINE_MS * 1.5)
      .catch(() => undefined);
  }

  #status(): Promise<SupervisorStatus> {
    return this.#supervisor.ask({ type: "getStatus" }, STATUS_DEADLINE_MS);
  }
}

function attempt(record: SnapshotRecord, versionInForce: number): ConfigAttempt {
  const { atWallMs, cause, outcome, version, changes, changeCounts, refusals } = record;
  const shown = shownOutcome(outcome, version ?? versionInForce, changes, refusals);
  const changeCount = changeCounts.added + changeCounts.changed + changeCounts.removed;
  const changesLeftOut = shown.type === "applied" ? Math.max(changeCount - shown.changes.length, 0) : 0;
  return {
    atMs: atWallMs,
    trigger: cause,
    outcome: shown.type === "applied" && changesLeftOut > 0 ? { ...shown, changesLeftOut } : shown,
  };
}

function connectionsByThread(reports: readonly ActorReport[]): Map<string, number> {
  const found = new Map<string, number>();
  const visit = (report: ActorReport): void => {
    const { connections } = report.attributes;
    if (typeof connections === "number") found.set(report.thread, connections);
    for (const child of report.children) visit(child);
  };
  for (const report of reports) visit(report);
  return found;
}
