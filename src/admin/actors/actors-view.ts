import type { HistoryEntry } from "../../actor/inspection/actor-history.ts";
import type { Known, ThreadDeadLetters } from "../../actor/inspection/actor-inspection.ts";
import type { ActorReport } from "../../actor/inspection/actor-report.ts";
import type { TraceLimits, TraceSoFar } from "../../actor/inspection/message-trace.ts";
import type { ShownState } from "../../actor/inspection/shown-state.ts";
import type { ThreadStack } from "../../actor/inspection/thread-profile.ts";
import type { ThreadVitals } from "../../actor/inspection/thread-vitals.ts";
import type { MessageRecord } from "../../actor/message-ring.ts";
import type { Later } from "../later.ts";

/** The actors of all threads. */
export interface ActorsView {
  /** What is known without asking any. Those of a thread that does not answer are shown as they were last. */
  tree(): readonly ActorReport[];
  /** What each thread uses; answers within a short deadline. */
  threads(): Later<readonly ThreadVitals[]>;
  /** These three ask the actor, within a deadline. Undefined: there is no such actor. */
  state(id: string): Later<Known<ShownState | null> | undefined>;
  messages(id: string): Later<Known<readonly MessageRecord[]> | undefined>;
  history(id: string): Later<Known<readonly HistoryEntry[]> | undefined>;
  deadLetters(): Later<readonly ThreadDeadLetters[]>;
  /** Begins a trace; it ends itself at its caps. Undefined: there is no such actor. Rejects if there can't be one now. */
  trace(id: string, limits: Required<TraceLimits>): Promise<AsyncIterable<TraceSoFar> | undefined>;
}

/** What threads can be made to tell of themselves at a price. Each rejects if another is under way. */
export interface ProfilesView {
  /** JSON as Chrome DevTools opens it. */
  take(kind: "cpu" | "heap", thread: string, durationMs: number): Promise<string>;
  stack(thread: string): Promise<ThreadStack>;
  /** Rejects if the thread does not get round to it. */
  heapSnapshot(thread: string): Promise<AsyncIterable<Uint8Array>>;
}
