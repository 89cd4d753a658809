import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { DryRunOutcome, ReloadOutcome } from "../../src/admin/config-view.ts";
import type { Control, DrainOptions } from "../../src/admin/control.ts";
import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import type { StatsMessage } from "../stats/protocol.ts";
import type { SupervisorMessage } from "../supervisor/protocol.ts";
import type { ServerCondition } from "./server-condition.ts";
import { shownChanges, shownOutcome, shownRefusals } from "./shown-outcome.ts";

/** Within the deadline of the command's page. */
const RELOAD_DEADLINE_MS = 55_000;
const COUNT_DEADLINE_MS = 55_000;
const DEBUG_DEADLINE_MS = 2000;
const CLOSE_DEADLINE_MS = 500;

/** What the admin's commands act on. */
export interface SupervisorControlOptions {
  readonly supervisor: ActorRef<SupervisorMessage>;
  readonly stats: ActorRef<StatsMessage>;
  readonly condition: ServerCondition;
  readonly timers: TimerWheel;
  /** `--drain-time-s`. */
  readonly drainTimeMs: number;
  /** What the configuration of the command line is called in messages. */
  readonly sourceLabel: string;
  /** Begins the end of the process. */
  readonly quit: () => void;
  /** Reopens the log files of the main thread; the workers are told besides. */
  readonly reopenLogs: () => void;
}

/** The admin's commands as messages to the supervisor. */
export class SupervisorControl implements Control {
  readonly #options: SupervisorControlOptions;

  constructor(options: SupervisorControlOptions) {
    this.#options = options;
  }

  setHealthcheckFailing(failing: boolean): void {
    this.#options.condition.healthcheckFailing = failing;
    this.#options.supervisor.tell({ type: "broadcast", message: { type: "setHealthCheckFailed", failed: failing } });
  }

  /** As in Envoy: `graceful` winds connections up first and closes the listeners when the drain time is over. */
  async drainListeners({ graceful, skipExit, inboundOnly }: DrainOptions): Promise<void> {
    const { supervisor, timers, drainTimeMs } = this.#options;
    supervisor.tell({ type: "broadcast", message: { type: "drainListeners", graceful, inboundOnly } });
    if (!graceful || skipExit) return;
    const stopListening = { type: "drainListeners", graceful: false, inboundOnly } as const;
    timers.timer(() => supervisor.tell({ type: "broadcast", message: stopListening })).arm(drainTimeMs);
  }

  quit(): void {
    this.#options.quit();
  }

  resetCounters(): void {
    this.#options.supervisor.tell({ type: "broadcast", message: { type: "resetCounters" } });
    this.#options.stats.tell({ type: "resetCounters" });
  }

  async reopenLogs(): Promise<void> {
    this.#options.reopenLogs();
    this.#options.supervisor.tell({ type: "broadcast", message: { type: "reopenLogs" } });
  }

  async reload(): Promise<ReloadOutcome> {
    const source = { label: this.#options.sourceLabel };
    const outcome = await this.#options.supervisor.ask({ type: "reload", source, cause: "admin" }, RELOAD_DEADLINE_MS);
    switch (outcome.outcome) {
      case "accepted":
        return shownOutcome("accepted", outcome.version, outcome.changes, []);
      case "unchanged":
        return shownOutcome("unchanged", outcome.version, undefined, []);
      case "refused":
        return shownOutcome("refused", 0, undefined, outcome.refusals);
    }
  }

  async dryRun(text: string | undefined): Promise<DryRunOutcome> {
    const source = text === undefined ? { label: this.#options.sourceLabel } : { label: "request body", text };
    const outcome = await this.#options.supervisor.ask({ type: "dryRun", source }, RELOAD_DEADLINE_MS);
    if (outcome.outcome === "refused") return { type: "rejected", problems: shownRefusals(outcome.refusals) };
    return {
      type: "valid",
      changes: shownChanges(outcome.changes),
      drains: outcome.drains.flatMap((drain) =>
        drain.answered && drain.value > 0 ? [{ worker: drain.worker, connections: drain.value }] : [],
      ),
      missingWorkers: outcome.drains.flatMap(({ worker, answered }) => (answered ? [] : [worker])),
    };
  }

  async setWorkerCount(count: number): Promise<void> {
    await this.#options.supervisor.ask({ type: "setWorkerCount", count }, COUNT_DEADLINE_MS);
  }

  closeConnection(id: number): Promise<boolean> {
    return this.#options.supervisor.ask(
      { type: "closeConnection", id, deadlineMs: CLOSE_DEADLINE_MS },
      CLOSE_DEADLINE_MS * 1.5,
    );
  }

  crashActor(id: string): Promise<boolean> {
    return this.#options.supervisor.ask({ type: "crashWorker", worker: workerOf(id) }, DEBUG_DEADLINE_MS);
  }

  blockActor(id: string, durationMs: number): Promise<boolean> {
    return this.#options.supervisor.ask(
      { type: "blockWorker", worker: workerOf(id), ms: durationMs },
      DEBUG_DEADLINE_MS,
    );
  }
}

/** Workers may be named by their name alone. */
function workerOf(id: string): string {
  return id.startsWith("supervisor/") ? id.slice("supervisor/".length) : id;
}
