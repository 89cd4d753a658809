import type { ActorReport } from "../../actor/inspection/actor-report.ts";
import type { ConfigAttempt } from "../config-view.ts";
import type { LiveEvent } from "./live-sample.ts";

/** How many are shown. */
const MAX_EVENTS = 30;
/** Longer ones are cut; an error may quote a configuration. */
const MAX_TEXT = 300;

/** What happened last, newest first, from what the actors and the history of the configuration tell. */
export function recentEvents(actors: readonly ActorReport[], history: readonly ConfigAttempt[]): LiveEvent[] {
  return [...crashes(actors), ...history.map(attemptEvent)].sort((a, b) => b.at_ms - a.at_ms).slice(0, MAX_EVENTS);
}

function* crashes(actors: readonly ActorReport[]): Generator<LiveEvent> {
  for (const actor of actors) {
    for (const { atWallMs, error, action, delayMs } of actor.crashes) {
      const then = action === "restart" ? `restarted after ${Math.round(delayMs)} ms` : "not restarted any more";
      yield { at_ms: atWallMs, kind: "crash", text: cut(`${actor.id} crashed: ${error}; ${then}`) };
    }
    yield* crashes(actor.children);
  }
}

function attemptEvent({ atMs, trigger, outcome }: ConfigAttempt): LiveEvent {
  switch (outcome.type) {
    case "applied":
      return {
        at_ms: atMs,
        kind: "applied",
        text: `version ${outcome.version} in force (${trigger}): ${counted(outcome.changes.length + (outcome.changesLeftOut ?? 0), "change")}`,
      };
    case "unchanged":
      return { at_ms: atMs, kind: "unchanged", text: `nothing to change (${trigger})` };
    case "rejected":
      return {
        at_ms: atMs,
        kind: "refused",
        text: cut(`configuration refused (${trigger}): ${outcome.problems[0] ?? "no reason given"}`),
      };
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}
