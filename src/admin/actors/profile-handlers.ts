import {
  type AdminHandler,
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  textResponse,
  wantsJson,
} from "../admin-handler.ts";
import { printable } from "../printable.ts";
import { actorIdOf, noSuchActor } from "./actor-id.ts";
import { flatten } from "./actor-json.ts";
import type { ActorsView, ProfilesView } from "./actors-view.ts";

const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 60;
/** For a minute's profile and what putting it together takes. */
const PROFILE_DEADLINE_MS = (MAX_SECONDS + 30) * 1000;
const STACK_DEADLINE_MS = 10_000;

/**
 * What the thread of an actor does and holds: profiles for Chrome DevTools, and where it is stuck. By POST, because they cost the thread
 * something. Snapshots of the heap hold all that is in memory, secrets too, and are served only if the command line says so. Troupe's own.
 */
export function profileHandlers(
  actors: ActorsView,
  profiles: ProfilesView,
  options: { readonly heapSnapshots: boolean },
): readonly AdminHandler[] {
  return [
    profileHandler("cpu", "/cpuprofile", "profile where an actor's thread spends its time", actors, profiles),
    profileHandler("heap", "/heapprofile", "profile who allocates memory on an actor's thread", actors, profiles),
    {
      path: "/actors/*/stack",
      access: "change",
      help: "print where an actor's thread is at the moment, also if it is stuck",
      params: [{ name: "format", help: "Format to use", kind: ["text", "json"] }],
      deadlineMs: STACK_DEADLINE_MS,
      handle: (request) =>
        onThread(actors, request, "/stack", async (thread) => stackAnswer(profiles, thread, wantsJson(request))),
    },
    {
      path: "/actors/*/heapsnapshot",
      access: "change",
      help: "take a snapshot of the heap of an actor's thread (needs --enable-heap-snapshots)",
      deadlineMs: PROFILE_DEADLINE_MS,
      async handle(request) {
        if (!options.heapSnapshots) {
          return textResponse(
            403,
            "a heap snapshot holds secrets: start the proxy with --enable-heap-snapshots to allow it\n",
          );
        }
        return onThread(actors, request, "/heapsnapshot", async (thread) =>
          file(thread, "heapsnapshot", await profiles.heapSnapshot(thread)),
        );
      },
    },
  ];
}

function profileHandler(
  kind: "cpu" | "heap",
  suffix: "/cpuprofile" | "/heapprofile",
  help: string,
  actors: ActorsView,
  profiles: ProfilesView,
): AdminHandler {
  return {
    path: `/actors/*${suffix}`,
    access: "change",
    help,
    params: [{ name: "seconds", help: `How long, 1 to ${MAX_SECONDS} (${DEFAULT_SECONDS})`, kind: "text" }],
    deadlineMs: PROFILE_DEADLINE_MS,
    async handle(request) {
      const text = request.params.get("seconds") ?? String(DEFAULT_SECONDS);
      const seconds = /^\d{1,2}$/.test(text) ? Number(text) : 0;
      if (seconds < 1 || seconds > MAX_SECONDS) {
        return textResponse(400, `seconds must be a number from 1 to ${MAX_SECONDS}\n`);
      }
      return onThread(actors, request, suffix, async (thread) =>
        file(thread, suffix.slice(1), await profiles.take(kind, thread, seconds * 1000)),
      );
    },
  };
}

async function onThread(
  actors: ActorsView,
  request: AdminRequest,
  suffix: string,
  answer: (thread: string) => Promise<AdminResponse>,
): Promise<AdminResponse> {
  const id = actorIdOf(request, suffix);
  const report = [...flatten(actors.tree())].find((each) => each.id === id);
  if (report === undefined) return noSuchActor(id);
  try {
    return await answer(report.thread);
  } catch (error) {
    return textResponse(503, `${printable(error instanceof Error ? error.message : String(error))}\n`);
  }
}

function file(thread: string, extension: string, body: AdminResponse["body"]): AdminResponse {
  return {
    status: 200,
    contentType: "application/json",
    headers: { "content-disposition": `attachment; filename="${thread}.${extension}"` },
    body,
  };
}

async function stackAnswer(profiles: ProfilesView, thread: string, json: boolean): Promise<AdminResponse> {
  const { frames } = await profiles.stack(thread);
  if (json) return jsonResponse(200, { thread, running: frames.length > 0, frames });
  if (frames.length === 0) return textResponse(200, `${thread} runs no JavaScript at the moment\n`);
  const lines = frames.map(
    ({ function: name, file: place, line, column }) =>
      `  at ${printable(name || "(anonymous)")} (${printable(place)}:${line}:${column})\n`,
  );
  return textResponse(200, `${thread} is here:\n${lines.join("")}`);
}
