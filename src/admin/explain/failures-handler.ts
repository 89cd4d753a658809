import type { FailedRequest } from "../../http/failed-requests.ts";
import { type AdminHandler, jsonResponse, textResponse, wantsJson } from "../admin-handler.ts";
import type { ListingsView } from "../listings-view.ts";
import { printable } from "../printable.ts";
import { snakeJson } from "../snake-row.ts";
import { humanTime } from "../text-table.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

type WorkersFailure = FailedRequest & { readonly worker: string };

/** `/explain/last`: the last requests that failed, each with the reason in a sentence. Troupe's own. */
export function failuresHandler(view: ListingsView): AdminHandler {
  return {
    path: "/explain/last",
    access: "read",
    help: "print the last failed requests and why they failed",
    params: [
      { name: "flag", help: "Only those with this response flag, such as UH", kind: "text" },
      { name: "filter", help: "Only those with this text in a field", kind: "text" },
      { name: "limit", help: `At most so many (${DEFAULT_LIMIT})`, kind: "text" },
      { name: "format", help: "Format to use", kind: ["text", "json"] },
    ],
    deadlineMs: 5000,
    async handle({ params, ...request }) {
      const limitText = params.get("limit") ?? String(DEFAULT_LIMIT);
      const limit = /^\d{1,4}$/.test(limitText) ? Number(limitText) : -1;
      if (limit < 0 || limit > MAX_LIMIT) return textResponse(400, `limit must be a number up to ${MAX_LIMIT}\n`);
      const flag = (params.get("flag") ?? "").toUpperCase();
      const { found, missing } = await collect(view, params.get("filter") ?? "");
      const wanted = found.filter(({ flags }) => flag === "" || flags.includes(flag));
      const shown = wanted.sort((a, b) => b.startWallMs - a.startWallMs).slice(0, limit);
      if (wantsJson({ params, ...request })) {
        return jsonResponse(200, {
          failures: shown.map(({ startWallMs, ...failure }) => ({
            at_ms: startWallMs,
            ...(snakeJson(failure) as object),
          })),
          partial: missing.length > 0,
          not_answering: missing,
        });
      }
      const notes = missing.map(({ worker, reason }) => `partial: ${worker} does not answer (${printable(reason)})\n`);
      const body = shown.map(failureText).join("\n");
      return textResponse(200, notes.join("") + (body === "" ? nothingFound(found.length) : body));
    },
  };
}

async function collect(
  view: ListingsView,
  text: string,
): Promise<{
  readonly found: WorkersFailure[];
  readonly missing: { readonly worker: string; readonly reason: string }[];
}> {
  const found: WorkersFailure[] = [];
  const missing: { readonly worker: string; readonly reason: string }[] = [];
  for await (const part of view.list("failures", { text, fields: {} })) {
    if ("missing" in part) missing.push({ worker: part.worker, reason: part.missing });
    else for (const row of part.rows as readonly FailedRequest[]) found.push({ worker: part.worker, ...row });
  }
  return { found, missing };
}

function nothingFound(remembered: number): string {
  return remembered === 0
    ? "no request has failed, as far as is remembered\n"
    : `none of the ${remembered} failed requests that are remembered is like that\n`;
}

function failureText(failure: WorkersFailure): string {
  const { method, authority, path, status, flags, details, reason, worker, attempts } = failure;
  const lines = [
    `${humanTime(failure.startWallMs)} ${method === "" ? "connection" : `${method} ${authority}${path}`} ${status} ${flags.join(",") || "-"} ${details || "-"}`,
    `  ${reason}`,
    ...attempts.map(
      ({ host, reason: why, endedMs }, index) => `  attempt ${index + 1}: ${host}, ${why}, at ${millis(endedMs)}`,
    ),
    `  ${phasesText(failure)}`,
    `  from ${failure.peer}, ${worker}, route ${failure.route || "-"}, cluster ${failure.cluster || "-"}, host ${failure.host || "-"}`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function phasesText(failure: WorkersFailure): string {
  const phases: readonly (readonly [string, number])[] = [
    ["request complete", failure.requestCompleteMs],
    ["connected", failure.upstreamConnectedMs],
    ["sent", failure.upstreamSentMs],
    ["first byte of host", failure.upstreamFirstByteMs],
    ["first byte of response", failure.responseFirstByteMs],
    ["over", failure.totalMs],
  ];
  return phases.flatMap(([name, atMs]) => (atMs < 0 ? [] : `${name} ${millis(atMs)}`)).join(", ");
}

function millis(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}
