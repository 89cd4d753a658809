import type { TraceEvent, TraceLimits, TraceSoFar } from "../../actor/inspection/message-trace.ts";
import { type AdminHandler, type AdminRequest, textResponse } from "../admin-handler.ts";
import { actorIdOf, noSuchActor } from "./actor-id.ts";
import { round3 } from "./actor-json.ts";
import type { ActorsView } from "./actors-view.ts";

/** The largest value of each cap of a trace, by its parameter. */
export const TRACE_CAPS = { seconds: 300, max: 10_000, rate: 1000 } as const;
const { seconds: MAX_SECONDS, max: MAX_EVENTS, rate: MAX_RATE } = TRACE_CAPS;
const DEFAULT_RATE = 100;
const USAGE = `usage: POST /actors/ID/trace?seconds=S&max=N, with S up to ${MAX_SECONDS} and N up to ${MAX_EVENTS}; and &rate=PER_SECOND, up to ${MAX_RATE}, &match=TEXT\n`;

/**
 * `/actors/<id>/trace`: what happens to an actor's messages, as server-sent events, until one of its caps is reached. Without caps there is
 * none. Troupe's own.
 */
export function traceHandler(view: ActorsView): AdminHandler {
  return {
    path: "/actors/*/trace",
    access: "change",
    help: "stream what happens to the messages of an actor, as server-sent events",
    params: [
      { name: "seconds", help: `How long at most, 1 to ${MAX_SECONDS}; needed`, kind: "text" },
      { name: "max", help: `How many events at most, 1 to ${MAX_EVENTS}; needed`, kind: "text" },
      { name: "rate", help: `Events per second at most (${DEFAULT_RATE})`, kind: "text" },
      { name: "match", help: "Only messages with this in the name of their type", kind: "text" },
    ],
    deadlineMs: 5000,
    async handle(request) {
      const limits = limitsOf(request);
      if (limits === undefined) return textResponse(400, USAGE);
      const id = actorIdOf(request, "/trace");
      try {
        const trace = await view.trace(id, limits);
        if (trace === undefined) return noSuchActor(id);
        return {
          status: 200,
          contentType: "text/event-stream",
          headers: { "cache-control": "no-store" },
          body: sent(id, trace),
        };
      } catch (error) {
        return textResponse(
          409,
          `there can be no trace now: ${error instanceof Error ? error.message : String(error)}\n`,
        );
      }
    },
  };
}

/** Undefined if one of the caps is missing or no number in its range. */
function limitsOf({ params }: AdminRequest): Required<TraceLimits> | undefined {
  const seconds = cap(params.get("seconds"), MAX_SECONDS);
  const maxEvents = cap(params.get("max"), MAX_EVENTS);
  const maxPerSecond = params.has("rate") ? cap(params.get("rate"), MAX_RATE) : DEFAULT_RATE;
  if (seconds === undefined || maxEvents === undefined || maxPerSecond === undefined) return undefined;
  return { maxMs: seconds * 1000, maxEvents, maxPerSecond, match: params.get("match") ?? "" };
}

function cap(text: string | null, most: number): number | undefined {
  const value = text !== null && /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= most ? value : undefined;
}

async function* sent(id: string, trace: AsyncIterable<TraceSoFar>): AsyncGenerator<string> {
  let count = 0;
  // So that the client sees at once that the trace runs.
  yield ": trace\n\n";
  for await (const { events, skipped, endedBy } of trace) {
    count += events.length;
    // A comment when there is nothing, so that a client that has left is noticed.
    yield events.length === 0 ? ":\n\n" : events.map((event) => eventText(id, event)).join("");
    if (endedBy !== undefined)
      yield `event: end\ndata: ${JSON.stringify({ ended_by: endedBy, events: count, skipped })}\n\n`;
  }
}

function eventText(id: string, { atWallMs, messageType, what, handleMs }: TraceEvent): string {
  const data = {
    at_ms: atWallMs,
    actor: id,
    type: messageType,
    what,
    handle_ms: handleMs === undefined ? null : round3(handleMs),
  };
  return `event: message\ndata: ${JSON.stringify(data)}\n\n`;
}
