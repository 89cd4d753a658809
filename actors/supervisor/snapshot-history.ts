import { BoundedLog } from "../../src/actor/bounded-log.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { AttemptCounts, ReloadOutcome, SnapshotChanges, SnapshotRecord } from "./protocol.ts";

const KEPT_RECORDS = 50;
const KEPT_REFUSALS = 20;
/** Names kept per list; a first load of 10,000 clusters would otherwise be kept whole. */
const KEPT_NAMES = 100;

/** The last attempts to bring a configuration in force, accepted or not. */
export class SnapshotHistory {
  readonly #clock: Clock;
  readonly #log = new BoundedLog<SnapshotRecord>(KEPT_RECORDS);
  readonly #counts = { accepted: 0, unchanged: 0, refused: 0 };

  #inForce: SnapshotRecord | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Oldest first. The one in force is always there. */
  records(): SnapshotRecord[] {
    const records = this.#log.toArray();
    const inForce = this.#inForce;
    return inForce === undefined || records.includes(inForce) ? records : [inForce, ...records];
  }

  /** Of all attempts, kept or not. */
  counts(): AttemptCounts {
    return { ...this.#counts };
  }

  /** `version` is the one that was tried, undefined if it didn't come to that. */
  add(
    attempt: { readonly cause: string; readonly source: string; readonly startedMs: number },
    version: number | undefined,
    outcome: ReloadOutcome,
  ): SnapshotRecord {
    const record: SnapshotRecord = {
      version,
      atWallMs: this.#clock.wallMs(),
      durationMs: this.#clock.nowMs() - attempt.startedMs,
      cause: attempt.cause,
      source: attempt.source,
      outcome: outcome.outcome,
      changes: outcome.outcome === "accepted" ? shortened(outcome.changes) : undefined,
      changeCounts: outcome.outcome === "accepted" ? counted(outcome.changes) : { added: 0, changed: 0, removed: 0 },
      refusals: outcome.outcome === "refused" ? outcome.refusals.slice(0, KEPT_REFUSALS) : [],
      warningCount: outcome.outcome === "refused" ? 0 : outcome.warnings.length,
    };
    this.#counts[outcome.outcome]++;
    if (record.outcome === "accepted") this.#inForce = record;
    this.#log.add(record);
    return record;
  }
}

function shortened({ added, changed, removed }: SnapshotChanges): SnapshotChanges {
  return {
    added: added.slice(0, KEPT_NAMES),
    changed: changed.slice(0, KEPT_NAMES),
    removed: removed.slice(0, KEPT_NAMES),
  };
}

function counted({ added, changed, removed }: SnapshotChanges): SnapshotRecord["changeCounts"] {
  return { added: added.length, changed: changed.length, removed: removed.length };
}
