import type { ActorReport } from "../actor/actor-report.ts";
import {
  type AdminHandler,
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  OK,
  textResponse,
  wantsJson,
} from "./admin-handler.ts";
import { humanDuration, textTable } from "./text-table.ts";
import type { ActorsView, Control } from "./views.ts";

/** Longest time that `/actors/<id>/block` blocks a thread. */
const MAX_BLOCK_MS = 60_000;

/** The attribute under which an actor shows the version of the snapshot it runs on. */
export const SNAPSHOT_ATTRIBUTE = "snapshotVersion";

/** `/actors`: the tree of actors, from what is known without asking any of them. Troupe's own. */
export function actorsHandler(view: ActorsView): AdminHandler {
  return {
    path: "/actors",
    access: "read",
    help: "print the actor tree",
    params: [{ name: "format", help: "Format to use", kind: ["text", "json"] }],
    handle: (request) => (wantsJson(request) ? actorsJson(view.tree()) : actorsText(view.tree())),
  };
}

/** The commands that hurt actors on purpose, for tests; only to be served with `--enable-debug-endpoints`. */
export function actorDebugHandlers(control: Control): readonly AdminHandler[] {
  return [
    {
      path: "/actors/*/crash",
      access: "change",
      help: "make the actor crash (debug)",
      deadlineMs: 5000,
      handle: async (request) => outcome(await control.crashActor(idOf(request, "/crash")), request),
    },
    {
      path: "/actors/*/block",
      access: "change",
      help: "block the actor's thread for a while (debug)",
      params: [{ name: "ms", help: `How long, 1 to ${MAX_BLOCK_MS}`, kind: "text" }],
      deadlineMs: 5000,
      async handle(request) {
        const text = request.params.get("ms") ?? "";
        const ms = /^\d{1,5}$/.test(text) ? Number(text) : 0;
        if (ms < 1 || ms > MAX_BLOCK_MS) return textResponse(400, `ms must be a number from 1 to ${MAX_BLOCK_MS}\n`);
        return outcome(await control.blockActor(idOf(request, "/block"), ms), request);
      },
    },
  ];
}

function idOf({ path }: AdminRequest, suffix: string): string {
  const text = path.slice("/actors/".length, -suffix.length);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function outcome(found: boolean, { path }: AdminRequest): AdminResponse {
  return found ? OK : textResponse(404, `no such actor: ${path.split("/").slice(2, -1).join("/")}\n`);
}

function* flatten(reports: readonly ActorReport[]): Generator<ActorReport> {
  for (const report of reports) {
    yield report;
    yield* flatten(report.children);
  }
}

/** Threads that don't answer, with the time since they last did. */
function silentThreads(reports: readonly ActorReport[]): ReadonlyMap<string, number> {
  const silent = new Map<string, number>();
  for (const report of flatten(reports)) if (!report.answering) silent.set(report.thread, report.reportAgeMs);
  return silent;
}

function actorsText(reports: readonly ActorReport[]): AdminResponse {
  const notes = [...silentThreads(reports)].map(
    ([thread, ageMs]) =>
      `partial: ${thread} has not answered for ${humanDuration(ageMs)}; its actors (marked !) are shown as they were then\n`,
  );
  const rows = [...flatten(reports)].map((report) => [
    `${report.answering ? " " : "!"} ${report.id}`,
    report.kind,
    report.thread,
    report.status,
    String(report.attributes[SNAPSHOT_ATTRIBUTE] ?? "-"),
    String(report.mailboxLength),
    String(report.handled),
    String(report.restarts),
    report.lastError ?? "-",
  ]);
  const head = ["  ACTOR", "KIND", "THREAD", "STATUS", "SNAPSHOT", "MAILBOX", "HANDLED", "RESTARTS", "LAST ERROR"];
  return textResponse(200, notes.join("") + textTable([head, ...rows]));
}

function actorsJson(reports: readonly ActorReport[]): AdminResponse {
  const silent = silentThreads(reports);
  return jsonResponse(200, {
    partial: silent.size > 0,
    not_answering: [...silent].map(([thread, ageMs]) => ({ thread, report_age_ms: Math.round(ageMs) })),
    actors: reports.map(reportJson),
  });
}

function reportJson(report: ActorReport): object {
  return {
    id: report.id,
    kind: report.kind,
    thread: report.thread,
    status: report.status,
    snapshot_version: report.attributes[SNAPSHOT_ATTRIBUTE] ?? null,
    mailbox_length: report.mailboxLength,
    oldest_message_age_ms: report.oldestMessageAgeMs ?? null,
    handled: report.handled,
    dropped: report.dropped,
    coalesced: report.coalesced,
    stashed: report.stashed,
    restarts: report.restarts,
    last_error: report.lastError ?? null,
    crashes: report.crashes,
    attributes: report.attributes,
    answering: report.answering,
    report_age_ms: Math.round(report.reportAgeMs),
    children: report.children.map(reportJson),
  };
}
