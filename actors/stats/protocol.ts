import type { Question } from "../../src/actor/actor-ref.ts";
import type { StatsDelta } from "../../src/stats/stats-delta.ts";

/** A thread of a worker begins to count, from zero. */
export interface ThreadJoined {
  readonly type: "threadJoined";
  readonly worker: string;
  readonly incarnation: number;
}

/** What a worker counted. In the order the reports were made; those of a thread that has left are dropped. */
export interface ThreadReported {
  readonly type: "threadReported";
  readonly worker: string;
  readonly incarnation: number;
  readonly delta: StatsDelta;
  readonly newMemory: readonly SharedArrayBuffer[];
}

/** The thread is gone. What it counted is kept. */
export interface ThreadLeft {
  readonly type: "threadLeft";
  readonly worker: string;
  readonly incarnation: number;
}

/** Reads what all threads stand at now. Replies when the merged stats show it; waits for no other thread. */
export interface BringUpToDate extends Question<{ readonly type: "upToDate" }> {
  readonly type: "bringUpToDate";
}

/** Ends the flush interval: somebody has asked for a page. Replies when it is over. Only with `stats_flush_on_admin`. */
export interface Flush extends Question<{ readonly type: "upToDate" }> {
  readonly type: "flush";
}

/** Sets all counters to zero. */
export interface ResetCounters {
  readonly type: "resetCounters";
}

/** From the actor to itself: a flush interval has passed. */
export interface FlushIntervalPassed {
  readonly type: "flushIntervalPassed";
}

/** All that the stats actor understands. */
export type StatsMessage =
  | ThreadJoined
  | ThreadReported
  | ThreadLeft
  | BringUpToDate
  | Flush
  | ResetCounters
  | FlushIntervalPassed;
