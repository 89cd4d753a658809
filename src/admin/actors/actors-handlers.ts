import type { ActorReport } from "../../actor/inspection/actor-report.ts";
import type { ThreadVitals } from "../../actor/inspection/thread-vitals.ts";
import { type AdminHandler, type AdminResponse, jsonResponse, OK, textResponse, wantsJson } from "../admin-handler.ts";
import type { Control } from "../control.ts";
import { SNAPSHOT_ATTRIBUTE } from "../snapshot-attribute.ts";
import { humanDuration, textTable } from "../text-table.ts";
import { actorIdOf, noSuchActor } from "./actor-id.ts";
import { actorJson, flatten } from "./actor-json.ts";
import { ACTOR_ORDERS, matchesActor, sortActors } from "./actor-order.ts";
import type { ActorsView } from "./actors-view.ts";
import { judgedThreads, loopDelays, silentThreads, threadJson } from "./thread-json.ts";

/** Longest time that `/actors/<id>/block` blocks a thread. */
const MAX_BLOCK_MS = 60_000;

/** `/actors`: the actors of all threads, from what is known without asking any of them. Troupe's own. */
export function actorsHandler(view: ActorsView): AdminHandler {
  return {
    path: "/actors",
    access: "read",
    help: "print the actors and their threads",
    params: [
      { name: "sort", help: "List them sorted instead of as a tree", kind: ACTOR_ORDERS },
      { name: "filter", help: "Only those whose id, kind, thread, status or last error contains this", kind: "text" },
      { name: "format", help: "Format to use", kind: ["text", "json"] },
    ],
    async handle(request) {
      const order = request.params.get("sort") ?? "";
      if (order !== "" && !ACTOR_ORDERS.includes(order)) {
        return textResponse(400, `sort must be one of ${ACTOR_ORDERS.join(", ")}\n`);
      }
      const vitals = await view.threads();
      const tree = view.tree();
      const filter = request.params.get("filter") ?? "";
      const page: ActorsPage = { tree, order, filter, vitals: judgedThreads(tree, vitals) };
      return wantsJson(request) ? actorsJson(page) : actorsText(page);
    },
  };
}

interface ActorsPage {
  readonly tree: readonly ActorReport[];
  readonly order: string;
  readonly filter: string;
  readonly vitals: readonly ThreadVitals[];
}

/** The commands that hurt actors on purpose, for tests; only to be served with `--enable-debug-endpoints`. */
export function actorDebugHandlers(control: Control): readonly AdminHandler[] {
  return [
    {
      path: "/actors/*/crash",
      access: "change",
      help: "make the actor crash (debug)",
      deadlineMs: 5000,
      async handle(request) {
        const id = actorIdOf(request, "/crash");
        return (await control.crashActor(id)) ? OK : noSuchActor(id);
      },
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
        const id = actorIdOf(request, "/block");
        return (await control.blockActor(id, ms)) ? OK : noSuchActor(id);
      },
    },
  ];
}

/** As a list: parents before children, or sorted. */
function listed({ tree, order, filter, vitals }: ActorsPage): ActorReport[] {
  const wanted = [...flatten(tree)].filter((report) => filter === "" || matchesActor(report, filter));
  return order === "" ? wanted : sortActors(wanted, order, new Map(vitals.map((each) => [each.thread, each])));
}

function actorsText(page: ActorsPage): AdminResponse {
  const notes = [...silentThreads(page.tree)].map(
    ([thread, ageMs]) =>
      `partial: ${thread} has not answered for ${humanDuration(ageMs)}; its actors (marked !) are shown as they were then\n`,
  );
  const head = [
    ...["  ACTOR", "KIND", "THREAD", "STATUS", "SNAPSHOT", "MAILBOX", "OLDEST", "WAIT P50/P99", "HANDLE P50/P99"],
    ...["BUSY", "HANDLED", "RESTARTS", "LAST ERROR"],
  ];
  return textResponse(
    200,
    `${notes.join("")}${textTable([head, ...listed(page).map(actorRow)])}\n${threadsText(page)}`,
  );
}

function actorRow(report: ActorReport): string[] {
  const { waitMs, handleMs, oldestMessageAgeMs } = report;
  return [
    `${report.answering ? " " : "!"} ${report.id}`,
    report.kind,
    report.thread,
    report.status,
    String(report.attributes[SNAPSHOT_ATTRIBUTE] ?? "-"),
    `${report.mailboxLength}${report.mailboxAlarm ? " (alarm)" : ""}`,
    oldestMessageAgeMs === undefined ? "-" : humanDuration(oldestMessageAgeMs),
    `${millis(waitMs.p50)}/${millis(waitMs.p99)}`,
    `${millis(handleMs.p50)}/${millis(handleMs.p99)}`,
    percent(report.busyShare),
    String(report.handled),
    String(report.restarts),
    report.lastError ?? "-",
  ];
}

function threadsText({ vitals, tree }: ActorsPage): string {
  const delays = loopDelays(tree, vitals);
  const rows = vitals.map(({ thread, answering, ageMs, eventLoopUtilization, cpuShare, heap }) => [
    `${answering ? " " : "!"} ${thread}`,
    percent(eventLoopUtilization),
    delays.has(thread) ? `${delays.get(thread)} ms` : "-",
    cpuShare === undefined ? "-" : percent(cpuShare),
    heap === undefined ? "-" : mebibytes(heap.usedBytes),
    heap === undefined ? "-" : mebibytes(heap.externalBytes),
    answering ? "yes" : `no, as of ${humanDuration(ageMs)} ago`,
  ]);
  return textTable([["  THREAD", "LOOP BUSY", "LOOP DELAY", "CPU", "HEAP", "EXTERNAL", "ANSWERING"], ...rows]);
}

function actorsJson(page: ActorsPage): AdminResponse {
  const silent = silentThreads(page.tree);
  const delays = loopDelays(page.tree, page.vitals);
  const isTree = page.order === "" && page.filter === "";
  return jsonResponse(200, {
    partial: silent.size > 0,
    not_answering: [...silent].map(([thread, ageMs]) => ({ thread, report_age_ms: Math.round(ageMs) })),
    threads: page.vitals.map((vitals) => threadJson(vitals, delays.get(vitals.thread))),
    actors: isTree
      ? page.tree.map((report) => actorJson(report, true))
      : listed(page).map((report) => actorJson(report, false)),
  });
}

function millis(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
