import { type AdminHandler, type AdminResponse, textResponse } from "../admin-handler.ts";
import { MAX_SUBSCRIBERS } from "./live-feed.ts";
import type { LiveView } from "./live-view.ts";

/** A client that lost the stream tries again after so long. */
const RETRY_MS = 1000;

/** `/events`: a `LiveSample` each second as server-sent events. Troupe's own. */
export function eventsHandler(live: LiveView): AdminHandler {
  return {
    path: "/events",
    access: "read",
    help: "stream where everything stands, once per second, as server-sent events",
    handle: (request) => (request.method === "HEAD" ? eventStream([]) : stream(live)),
  };
}

function stream(live: LiveView): AdminResponse {
  if (!live.isFull()) return eventStream(events(live));
  return {
    ...textResponse(503, `${MAX_SUBSCRIBERS} clients watch already, and no more are let in\n`),
    headers: { "retry-after": "5" },
  };
}

function eventStream(body: Iterable<string> | AsyncIterable<string>): AdminResponse {
  return { status: 200, contentType: "text/event-stream", headers: { "cache-control": "no-store" }, body };
}

async function* events(live: LiveView): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const sample of live.samples()) yield `event: sample\ndata: ${JSON.stringify(sample)}\n\n`;
}
