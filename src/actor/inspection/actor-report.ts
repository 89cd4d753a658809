import type { LifecycleState } from "../lifecycle.ts";
import type { Percentiles } from "../percentiles.ts";
import type { CrashRecord } from "../supervision.ts";

/** What an actor may show of itself beside the standard fields, such as its snapshot version. */
export type AttributeValue = string | number | boolean;

/** One actor as inspection shows it. Plain data: it goes between threads and into JSON as it is. */
export interface ActorReport {
  readonly id: string;
  readonly kind: string;
  /** Name of the thread it lives on, such as `main`. */
  readonly thread: string;
  readonly status: LifecycleState;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly mailboxLength: number;
  readonly mailboxCapacity: number;
  /** From passing the alarm's limit until the mailbox has fallen to half of it. */
  readonly mailboxAlarm: boolean;
  /** Undefined if no message waits. */
  readonly oldestMessageAgeMs: number | undefined;
  /** Time in the mailbox, of the last messages. */
  readonly waitMs: Percentiles;
  /** Time in `receive`, of the last messages. */
  readonly handleMs: Percentiles;
  /** Share of its time with a message in hand, from 0 to 1, over the last `BUSY_INTERVAL_MS`. */
  readonly busyShare: number;
  /** Messages handled since the actor was spawned, over restarts. */
  readonly handled: number;
  readonly dropped: number;
  readonly coalesced: number;
  readonly stashed: number;
  readonly restarts: number;
  readonly lastError: string | undefined;
  /** The last crashes and what followed, oldest first. */
  readonly crashes: readonly CrashRecord[];
  /** Age of this knowledge. 0 for an actor of the thread that answers; for others the time since its thread reported. */
  readonly reportAgeMs: number;
  /** False if the actor's thread has missed its reports: then this is its last known state. */
  readonly answering: boolean;
  readonly children: readonly ActorReport[];
}
