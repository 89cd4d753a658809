import type { ActorSystem } from "../actor-system.ts";
import { AskError, describeError } from "../ask-error.ts";
import type { ControlSurface } from "./control-surface.ts";

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
    history: (id) => system.find(id)?.historyEntries() ?? [],
    state: (id) => system.find(id)?.shownState() ?? null,
    deadLetters: () => ({ total: system.deadLetters.total, recent: system.deadLetters.recent() }),
    startTrace(ids, limits) {
      trace = system.startTrace(ids, limits);
    },
    traceSoFar: (from) => trace?.soFar(from) ?? { events: [], skipped: 0, endedBy: "caller" },
    endTrace() {
      system.endTrace();
      return [...(trace?.events() ?? [])];
    },
  };
}
