import type { HistoryEntry } from "../../actor/inspection/actor-history.ts";
import type { Known, ThreadDeadLetters } from "../../actor/inspection/actor-inspection.ts";
import type { ActorReport } from "../../actor/inspection/actor-report.ts";
import type { ShownState } from "../../actor/inspection/shown-state.ts";
import type { MessageRecord } from "../../actor/message-ring.ts";
import {
  type AdminHandler,
  type AdminParam,
  type AdminResponse,
  jsonResponse,
  textResponse,
  wantsJson,
} from "../admin-handler.ts";
import type { Later } from "../later.ts";
import { printable } from "../printable.ts";
import { humanDuration, humanTime, textTable } from "../text-table.ts";
import { actorIdOf, noSuchActor } from "./actor-id.ts";
import { actorJson, flatten, round3 } from "./actor-json.ts";
import type { ActorsView } from "./actors-view.ts";

const FORMAT: AdminParam = { name: "format", help: "Format to use", kind: ["text", "json"] };

/** What there is to know of one actor, and the dead letters of all. Troupe's own. */
export function actorPages(view: ActorsView): readonly AdminHandler[] {
  return [
    page("/messages", "print the last messages of an actor", (id) => view.messages(id), messagesAnswer),
    page("/history", "print what happened to an actor", (id) => view.history(id), historyAnswer),
    {
      path: "/dead_letters",
      access: "read",
      help: "print messages that reached nobody",
      params: [FORMAT],
      handle: async (request) => deadLettersAnswer(await view.deadLetters(), wantsJson(request)),
    },
    {
      path: "/actors/*",
      access: "read",
      help: "print the state of an actor, as it describes itself",
      params: [FORMAT],
      async handle(request) {
        const id = actorIdOf(request, "");
        const report = [...flatten(view.tree())].find((each) => each.id === id);
        const state = await view.state(id);
        if (state === undefined || report === undefined) return noSuchActor(id);
        return stateAnswer(report, state, wantsJson(request));
      },
    },
  ];
}

function page<T>(
  suffix: string,
  help: string,
  ask: (id: string) => Later<Known<T> | undefined>,
  answer: (id: string, known: Known<T>, json: boolean) => AdminResponse,
): AdminHandler {
  return {
    path: `/actors/*${suffix}`,
    access: "read",
    help,
    params: [FORMAT],
    async handle(request) {
      const id = actorIdOf(request, suffix);
      const known = await ask(id);
      return known === undefined ? noSuchActor(id) : answer(id, known, wantsJson(request));
    },
  };
}

/** How up to date an answer is; the fields that all these answers share. */
function freshness({ answering, ageMs, reason }: Known<unknown>): object {
  return { answering, age_ms: Math.round(ageMs), reason: reason ?? null };
}

function staleNote(known: Known<unknown>): string {
  if (known.answering) return "";
  const what =
    known.value === undefined
      ? "nothing is known of it from before"
      : `this is as of ${humanDuration(known.ageMs)} ago`;
  return `partial: it does not answer (${printable(known.reason ?? "")}); ${what}\n`;
}

function stateAnswer(report: ActorReport, known: Known<ShownState | null>, json: boolean): AdminResponse {
  const state = known.value ?? null;
  if (json) {
    return jsonResponse(200, {
      id: report.id,
      ...freshness(known),
      truncated: state?.truncated ?? false,
      state: state?.value ?? null,
      actor: actorJson(report, false),
    });
  }
  const facts = textTable([
    ["actor", report.id],
    ["kind", report.kind],
    ["thread", report.thread],
    ["status", report.status],
    ["mailbox", `${report.mailboxLength} of ${report.mailboxCapacity}${report.mailboxAlarm ? " (alarm)" : ""}`],
    ["handled", `${report.handled}, ${report.dropped} dropped, ${report.coalesced} coalesced`],
    ["restarts", String(report.restarts)],
    ["last error", report.lastError ?? "-"],
    ...Object.entries(report.attributes).map(([name, value]) => [name, String(value)]),
  ]);
  const shown = state === null ? "it does not describe itself\n" : `${JSON.stringify(state.value, undefined, 2)}\n`;
  const cut = state?.truncated === true ? "parts were left out: the state is large\n" : "";
  return textResponse(200, `${staleNote(known)}${facts}\n${cut}${shown}`);
}

function messagesAnswer(id: string, known: Known<readonly MessageRecord[]>, json: boolean): AdminResponse {
  const messages = known.value ?? [];
  if (json) {
    return jsonResponse(200, {
      id,
      ...freshness(known),
      messages: messages.map(({ messageType, sizeBytes, waitMs, handleMs, outcome, atWallMs }) => ({
        at_ms: atWallMs,
        type: messageType,
        size_bytes: sizeBytes ?? null,
        wait_ms: round3(waitMs),
        handle_ms: round3(handleMs),
        outcome,
      })),
    });
  }
  const rows = messages.map(({ messageType, sizeBytes, waitMs, handleMs, outcome, atWallMs }) => [
    humanTime(atWallMs),
    messageType,
    sizeBytes === undefined ? "-" : String(sizeBytes),
    `${waitMs.toFixed(2)} ms`,
    `${handleMs.toFixed(2)} ms`,
    outcome,
  ]);
  return textResponse(
    200,
    staleNote(known) + textTable([["AT", "MESSAGE", "BYTES", "WAITED", "TOOK", "OUTCOME"], ...rows]),
  );
}

function historyAnswer(id: string, known: Known<readonly HistoryEntry[]>, json: boolean): AdminResponse {
  const entries = known.value ?? [];
  if (json) {
    return jsonResponse(200, {
      id,
      ...freshness(known),
      events: entries.map(({ atWallMs, event, detail, stack, place }) => ({
        at_ms: atWallMs,
        event,
        detail,
        place: place ?? null,
        stack: stack ?? null,
      })),
    });
  }
  const lines = entries.map(({ atWallMs, event, detail, stack, place }) => {
    const parts = [humanTime(atWallMs), event, place ?? "", detail].filter((part) => part !== "").map(printable);
    const trace =
      stack === undefined
        ? ""
        : stack
            .split("\n")
            .map((line) => `    ${printable(line)}\n`)
            .join("");
    return `${parts.join("  ")}\n${trace}`;
  });
  return textResponse(200, staleNote(known) + (lines.join("") || "nothing has happened to it\n"));
}

function deadLettersAnswer(threads: readonly ThreadDeadLetters[], json: boolean): AdminResponse {
  if (json) {
    return jsonResponse(200, {
      partial: threads.some(({ letters }) => !letters.answering),
      threads: threads.map(({ thread, letters }) => ({
        thread,
        ...freshness(letters),
        total: letters.value?.total ?? null,
        recent: (letters.value?.recent ?? []).map(({ to, messageType, reason, atWallMs }) => ({
          at_ms: atWallMs,
          to,
          type: messageType,
          reason,
        })),
      })),
    });
  }
  const notes = threads
    .filter(({ letters }) => !letters.answering)
    .map(
      ({ thread, letters }) => `partial: ${thread} does not answer; shown as of ${humanDuration(letters.ageMs)} ago\n`,
    );
  const totals = threads.map(({ thread, letters }) => `${thread}: ${letters.value?.total ?? "unknown"}\n`);
  const rows = threads.flatMap(({ thread, letters }) =>
    (letters.value?.recent ?? []).map((letter) => [
      humanTime(letter.atWallMs),
      thread,
      letter.to,
      letter.messageType,
      letter.reason,
    ]),
  );
  const table = rows.length === 0 ? "" : `\n${textTable([["AT", "THREAD", "TO", "MESSAGE", "REASON"], ...rows])}`;
  return textResponse(200, `${notes.join("")}${totals.join("")}${table}`);
}
