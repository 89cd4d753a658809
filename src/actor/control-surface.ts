import type { Message } from "./actor-ref.ts";
import type { ActorReport } from "./actor-report.ts";
import type { ActorSystem } from "./actor-system.ts";
import { AskError, type AskFailure, describeError } from "./ask-error.ts";
import type { DeadLetter } from "./dead-letters.ts";
import type { MessageRecord } from "./message-ring.ts";
import type { TraceEvent, TraceLimits } from "./message-trace.ts";

/** Outcome of a question from another thread. Errors come as data, because comlink would lose their reason. */
export type RemoteAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: AskFailure; readonly message: string };

/** What one thread lets the other call through comlink. Control plane only. */
export interface ControlSurface {
  ask(to: string, question: Message, deadlineMs: number): Promise<RemoteAnswer>;
  tree(): ActorReport[];
  recentMessages(id: string): MessageRecord[];
  deadLetters(): { readonly total: number; readonly recent: DeadLetter[] };
  startTrace(ids: readonly string[], limits: TraceLimits): void;
  /** Ends the running trace, if any, and returns its events. */
  endTrace(): TraceEvent[];
}

/** The surface of the actors of this thread. */
export function controlSurfaceOf(system: ActorSystem): ControlSurface {
  let trace: ReturnType<ActorSystem["startTrace"]> | undefined;
  return {
    async ask(to, question, deadlineMs) {
      const member = system.find(to);
      if (member === undefined) return { ok: false, reason: "unreachable", message: `${to}: no such actor` };
      try {
        return { ok: true, value: await member.askAny(question, deadlineMs) };
      } catch (error) {
        const reason = error instanceof AskError ? error.reason : "refused";
        return { ok: false, reason, message: describeError(error) };
      }
    },
    tree: () => system.tree(),
    recentMessages: (id) => system.recentMessages(id),
    deadLetters: () => ({ total: system.deadLetters.total, recent: system.deadLetters.recent() }),
    startTrace(ids, limits) {
      trace = system.startTrace(ids, limits);
    },
    endTrace() {
      system.endTrace();
      return [...(trace?.events() ?? [])];
    },
  };
}
