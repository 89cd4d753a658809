import { describeError } from "../../src/actor/ask-error.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/log.ts";
import { packResource } from "../../src/config/compiler/resource-packing.ts";
import { problemText } from "../../src/config/config-problem.ts";
import type { CompiledConfig, ConfigCompiler, ConfigSource } from "./config-compiler.ts";
import type { ListenerMoves } from "./listener-moves.ts";
import type { ListeningSockets, SocketPlan } from "./listening-sockets.ts";
import type { MembershipLink } from "./membership-link.ts";
import type {
  AttemptCounts,
  CompileAnswer,
  DryRunOutcome,
  Refusal,
  ReloadOutcome,
  SnapshotChanges,
  SnapshotRecord,
  SupervisorEvent,
} from "./protocol.ts";
import type { ReloadRequest } from "./reload-queue.ts";
import { diffResources, isEmptyDiff, type ResourceDiff } from "./resource-diff.ts";
import { SnapshotHistory } from "./snapshot-history.ts";
import { type RolloutDeadlines, type Snapshot, type SnapshotExtras, SnapshotRollout } from "./snapshot-rollout.ts";
import type { WorkerFleet } from "./worker-fleet.ts";
import type { WorkerHandle } from "./worker-handle.ts";
import { askWorkers } from "./worker-questions.ts";

const EMPTY: CompiledConfig = {
  resources: [],
  extensions: [],
  sockets: [],
  problems: [],
  needsRestart: [],
  source: { texts: [] },
};

/** Told of each configuration as it comes in force, with what it changed in the one before. */
export type InForceListener = (config: CompiledConfig, version: number, changes: SnapshotChanges) => void;

/** What a snapshot control works with. */
export interface SnapshotControlOptions {
  readonly compiler: ConfigCompiler;
  readonly fleet: WorkerFleet;
  readonly sockets: ListeningSockets;
  readonly moves: ListenerMoves;
  readonly deadlines: RolloutDeadlines;
  readonly extras: SnapshotExtras;
  readonly onInForce: InForceListener;
  readonly membership: MembershipLink;
  /** How long workers may take to estimate a dry run. */
  readonly estimateMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly emit: (event: SupervisorEvent) => void;
}

/**
 * The version in force and the way to the next: compile, compare, bind, prepare everywhere, commit everywhere. `apply`
 * and `catchUp` must not overlap; their caller runs them one after the other.
 */
export class SnapshotControl {
  readonly #options: SnapshotControlOptions;
  readonly #history: SnapshotHistory;
  #current: Snapshot = { version: 0, config: EMPTY };
  /** Numbers of refused versions aren't used again. */
  #lastVersion = 0;

  constructor(options: SnapshotControlOptions) {
    this.#options = options;
    this.#history = new SnapshotHistory(options.clock);
  }

  /** In force; 0 before the first. */
  get version(): number {
    return this.#current.version;
  }

  /** Oldest first. */
  history(): SnapshotRecord[] {
    return this.#history.records();
  }

  /** Since the start, those that the history has forgotten too. */
  attempts(): AttemptCounts {
    return this.#history.counts();
  }

  /** Brings a configuration in force on all workers, or nowhere. Never rejects for what is wrong with it. */
  async apply(request: ReloadRequest): Promise<ReloadOutcome> {
    const attempt = { cause: request.cause, source: request.source.label, startedMs: this.#options.clock.nowMs() };
    const before = this.#lastVersion;
    const outcome = await this.#attempt(request.source);
    const version = this.#lastVersion > before ? this.#lastVersion : undefined;
    const record = this.#history.add(attempt, version, outcome);
    this.#announce(record);
    return outcome;
  }

  /** What `apply` would do. Asks the workers how many connections it would drain. */
  async dryRun(source: ConfigSource): Promise<DryRunOutcome> {
    const compiled = await this.#compile(source);
    if ("refusals" in compiled) return { outcome: "refused", refusals: compiled.refusals };
    const { added, changed, removed, upserts } = diffResources(
      this.#current.config.resources,
      compiled.config.resources,
    );
    // Connections hang on listeners only: what else changes, changes under them.
    const listeners = packResource(upserts.filter(({ kind }) => kind === "listener"));
    const { fleet, estimateMs } = this.#options;
    const drains = await askWorkers(fleet.participants(), (ref) =>
      ref.ask({ type: "estimateDrain", upserts: listeners, removed }, estimateMs),
    );
    return { outcome: "valid", changes: { added, changed, removed }, warnings: compiled.config.problems, drains };
  }

  /** Compiles, and does nothing with what came of it. */
  async compile(source: ConfigSource): Promise<CompileAnswer> {
    const compiled = await this.#compile(source);
    if ("refusals" in compiled) return { outcome: "refused", refusals: compiled.refusals };
    const { resources, extensions } = compiled.config;
    return { outcome: "compiled", resources, extensions };
  }

  /** Brings one worker to the version in force, with sockets of its own. Rejects if it can't. */
  async catchUp(worker: WorkerHandle): Promise<void> {
    if (!worker.participates) throw new Error(`${worker.name} has ended meanwhile`);
    if (worker.version !== this.#current.version) {
      const refusals = await this.#rollOut(this.#current, [worker], undefined);
      if (refusals.length > 0) throw new Error(refusals[0]?.reason);
    }
    await this.#options.moves.moveSurplus(worker, this.#options.fleet.participants());
  }

  /** Gives Unix-domain sockets without an owner to a worker, as a version that changes nothing else. */
  async adoptOrphans(): Promise<void> {
    const { fleet, sockets, clock } = this.#options;
    if (this.#current.version === 0 || sockets.orphans().length === 0 || fleet.participants().length === 0) return;
    const attempt = { cause: "worker gone", source: "as before", startedMs: clock.nowMs() };
    this.#lastVersion++;
    const version = this.#lastVersion;
    const diff: ResourceDiff = { added: [], changed: [], removed: [], upserts: [] };
    const refusals = await this.#rollOut({ version, config: this.#current.config }, fleet.participants(), diff);
    const outcome: ReloadOutcome =
      refusals.length > 0
        ? { outcome: "refused", refusals }
        : { outcome: "accepted", version, changes: { added: [], changed: [], removed: [] }, warnings: [] };
    this.#announce(this.#history.add(attempt, version, outcome));
  }

  async #attempt(source: ConfigSource): Promise<ReloadOutcome> {
    const compiled = await this.#compile(source);
    if ("refusals" in compiled) return { outcome: "refused", refusals: compiled.refusals };
    const { config } = compiled;
    const diff = diffResources(this.#current.config.resources, config.resources);
    const warnings = config.problems;
    if (this.#current.version > 0 && isEmptyDiff(diff)) {
      return { outcome: "unchanged", version: this.#current.version, warnings };
    }
    await this.#options.fleet.whenStarted();
    if (!this.#options.fleet.hopeful)
      return { outcome: "refused", refusals: [refusal("no worker is left to serve it")] };
    const { membership } = this.#options;
    await membership.warm(config.resources);
    this.#lastVersion++;
    const next: Snapshot = { version: this.#lastVersion, config };
    const refusals = await this.#rollOut(next, this.#options.fleet.participants(), diff);
    if (refusals.length > 0) {
      membership.dropWarmed();
      return { outcome: "refused", refusals };
    }
    const { added, changed, removed } = diff;
    return { outcome: "accepted", version: next.version, changes: { added, changed, removed }, warnings };
  }

  async #compile(source: ConfigSource): Promise<{ config: CompiledConfig } | { refusals: readonly Refusal[] }> {
    try {
      const outcome = await this.#options.compiler.compile(source);
      if (!outcome.ok) {
        const refusals = outcome.problems.map((problem) => ({ worker: "", reason: problem.message, problem }));
        return { refusals };
      }
      const { needsRestart } = outcome.config;
      if (needsRestart.length === 0) return { config: outcome.config };
      return { refusals: needsRestart.map((path) => refusal(`${path} can't change while Troupe runs: restart it`)) };
    } catch (error) {
      return { refusals: [refusal(describeError(error))] };
    }
  }

  /** Both phases on these workers. `diff` leads from the version in force to `next`; undefined = send everything. */
  async #rollOut(next: Snapshot, workers: readonly WorkerHandle[], diff: ResourceDiff | undefined): Promise<Refusal[]> {
    const { sockets, deadlines, extras, membership, log } = this.#options;
    let plan: SocketPlan;
    try {
      plan = sockets.plan(
        next.config.sockets,
        workers.map((worker) => worker.name),
      );
    } catch (error) {
      return [refusal(describeError(error))];
    }
    const baseVersion = diff === undefined ? 0 : this.#current.version;
    const change = diff ?? { upserts: next.config.resources, removed: [] };
    const rollout = new SnapshotRollout(next, baseVersion, change, deadlines, extras, log);
    const incarnations = workers.map((worker) => worker.incarnation);
    const refusals = await rollout.prepare(workers, plan.perWorker);
    if (refusals.length > 0) {
      plan.abort();
      await rollout.abort(workers);
      return refusals;
    }
    this.#current = next;
    // One worker that catches up brings nothing new.
    if (diff !== undefined) {
      this.#options.onInForce(next.config, next.version, diff);
      membership.putInForce(next.config.resources);
    }
    await membership.sync(workers, deadlines.commitMs);
    await rollout.commit(workers);
    plan.commit();
    // A thread that ended during the commit took its sockets along, whatever has come after it.
    for (const [index, worker] of workers.entries()) {
      if (!worker.participates || worker.incarnation !== incarnations[index]) sockets.forget(worker.name);
    }
    return [];
  }

  #announce(record: SnapshotRecord): void {
    const { emit, log } = this.#options;
    const { version, cause, source, durationMs } = record;
    if (record.outcome === "unchanged") {
      log.info({ cause, source }, "configuration unchanged");
      return;
    }
    if (record.outcome === "accepted") {
      log.info({ version, cause, source, durationMs: Math.round(durationMs) }, "configuration in force");
      emit({ type: "snapshotAccepted", record });
      return;
    }
    for (const { worker, reason, problem } of record.refusals) {
      const text = problem === undefined ? reason : problemText(problem);
      log.error({ cause, ...(worker !== "" && { worker }) }, `configuration refused: ${text}`);
    }
    emit({ type: "snapshotRefused", record });
  }
}

function refusal(reason: string): Refusal {
  return { worker: "", reason, problem: undefined };
}
