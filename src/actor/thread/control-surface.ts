import type { Message } from "../actor-ref.ts";
import type { AskFailure } from "../ask-error.ts";
import type { HistoryEntry } from "../inspection/actor-history.ts";
import type { ActorReport } from "../inspection/actor-report.ts";
import type { DeadLetter } from "../inspection/dead-letters.ts";
import type { TraceEvent, TraceLimits, TraceSoFar } from "../inspection/message-trace.ts";
import type { ShownState } from "../inspection/shown-state.ts";
import type { MessageRecord } from "../message-ring.ts";

/** Outcome of a question from another thread. Errors come as data, because comlink would lose their reason. */
export type RemoteAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: AskFailure; readonly message: string };

/** What one thread lets the other call through comlink. Control plane only. */
export interface ControlSurface {
  ask(to: string, question: Message, deadlineMs: number): Promise<RemoteAnswer>;
  tree(): ActorReport[];
  recentMessages(id: string): MessageRecord[];
  history(id: string): HistoryEntry[];
  /** What the actor says of itself; null if it says nothing. */
  state(id: string): ShownState | null;
  deadLetters(): { readonly total: number; readonly recent: DeadLetter[] };
  startTrace(ids: readonly string[], limits: TraceLimits): void;
  /** How the trace that was started last stands, without its first `from` events. */
  traceSoFar(from: number): TraceSoFar;
  /** Ends the running trace, if any, and returns its events. */
  endTrace(): TraceEvent[];
}
