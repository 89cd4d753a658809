import type { WorkerStatus, WorkersView } from "./actors/workers-view.ts";
import {
  type AdminHandler,
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  textResponse,
  wantsJson,
} from "./admin-handler.ts";
import type {
  ConfigAttempt,
  ConfigStatus,
  ConfigView,
  DryRunOutcome,
  ReloadOutcome,
  ResourceChange,
} from "./config-view.ts";
import type { Control } from "./control.ts";
import { humanTime, textTable } from "./text-table.ts";

const FORMAT = { name: "format", help: "Format to use", kind: ["text", "json"] } as const;

/** `/config_status`, `/config/reload` and `/config/dry_run`. Troupe's own. */
export function configHandlers(view: ConfigView, workers: WorkersView, control: Control): readonly AdminHandler[] {
  return [
    {
      path: "/config_status",
      access: "read",
      help: "print which configuration is in force and what became of the last change",
      params: [FORMAT],
      handle: async (request) => status(await view.status(), await workers.workers(), request),
    },
    {
      path: "/config_places",
      access: "read",
      help: "print where listeners and clusters stand in the configuration file (JSON)",
      deadlineMs: 60_000,
      handle: () => view.places(),
    },
    {
      path: "/config/reload",
      access: "change",
      help: "load the configuration file again",
      params: [FORMAT],
      deadlineMs: 60_000,
      handle: async (request) => reloaded(await control.reload(), request),
    },
    {
      path: "/config/dry_run",
      access: "change",
      help: "say what the configuration in the body, or else the file, would change and drain",
      params: [FORMAT],
      deadlineMs: 60_000,
      handle: async (request) => dryRun(await control.dryRun(configIn(request)), request),
    },
  ];
}

/** A form has nothing to say here: only a body of another type is a configuration. */
function configIn({ body, headers }: AdminRequest): string | undefined {
  const isForm = headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
  // curl -d sends YAML as a form too; a form of this page's own is empty.
  return body.trim() === "" || (isForm && !body.includes(":")) ? undefined : body;
}

function status(status: ConfigStatus, workers: readonly WorkerStatus[], request: AdminRequest): AdminResponse {
  if (wantsJson(request)) {
    return jsonResponse(200, {
      source: status.source,
      version: status.version,
      in_force_since: humanTime(status.inForceSinceMs),
      applied: status.applied,
      rejected: status.rejected,
      reloading: status.reloading,
      last_attempt: status.lastAttempt === undefined ? null : attemptJson(status.lastAttempt),
      history: status.history.map(attemptJson),
      workers: workers.map((worker) => ({
        name: worker.name,
        snapshot_version: worker.snapshotVersion,
        answering: worker.answering,
      })),
    });
  }
  let text = `source:   ${status.source}
version:  ${status.version}, in force since ${humanTime(status.inForceSinceMs)}
applied:  ${status.applied}
rejected: ${status.rejected}
${status.reloading ? "a change is under way\n" : ""}`;
  for (const { name, snapshotVersion, answering } of workers) {
    text += `${name}: version ${snapshotVersion}${answering ? "" : " (not answering)"}\n`;
  }
  const { lastAttempt } = status;
  if (lastAttempt !== undefined) {
    text += `\nlast attempt: ${humanTime(lastAttempt.atMs)} (${lastAttempt.trigger})\n${outcomeText(lastAttempt.outcome)}`;
  }
  return textResponse(200, text);
}

function reloaded(outcome: ReloadOutcome, request: AdminRequest): AdminResponse {
  const code = outcome.type === "rejected" ? 400 : 200;
  return wantsJson(request) ? jsonResponse(code, outcomeJson(outcome)) : textResponse(code, outcomeText(outcome));
}

function attemptJson({ atMs, trigger, outcome }: ConfigAttempt): object {
  return { at: humanTime(atMs), trigger, ...outcomeJson(outcome) };
}

function outcomeJson(outcome: ReloadOutcome): object {
  if (outcome.type !== "applied") {
    const { type, ...rest } = outcome;
    return { outcome: type, ...rest };
  }
  const { version, changes, changesLeftOut = 0 } = outcome;
  return { outcome: "applied", version, changes, changes_left_out: changesLeftOut };
}

function outcomeText(outcome: ReloadOutcome): string {
  switch (outcome.type) {
    case "applied":
      return `applied as version ${outcome.version}\n${changesText(outcome.changes)}${leftOutText(outcome.changesLeftOut)}`;
    case "unchanged":
      return `unchanged, still version ${outcome.version}\n`;
    case "rejected":
      return problemsText(outcome.problems);
  }
}

function problemsText(problems: readonly string[]): string {
  return `rejected: ${problems.length} ${problems.length === 1 ? "problem" : "problems"}\n${problems.map((each) => `${each}\n`).join("")}`;
}

function leftOutText(count = 0): string {
  return count === 0 ? "" : `and ${count} more\n`;
}

function changesText(changes: readonly ResourceChange[]): string {
  if (changes.length === 0) return "nothing changes\n";
  return textTable([["CHANGE", "KIND", "NAME"], ...changes.map(({ change, kind, name }) => [change, kind, name])]);
}

function dryRun(outcome: DryRunOutcome, request: AdminRequest): AdminResponse {
  if (outcome.type === "rejected") {
    return wantsJson(request)
      ? jsonResponse(400, { outcome: "rejected", problems: outcome.problems })
      : textResponse(400, problemsText(outcome.problems));
  }
  if (wantsJson(request)) {
    return jsonResponse(200, {
      outcome: "valid",
      changes: outcome.changes,
      drains: outcome.drains,
      not_answering: outcome.missingWorkers,
    });
  }
  const drains =
    outcome.drains.length === 0
      ? "no connection would drain\n"
      : textTable([
          ["WORKER", "CONNECTIONS TO DRAIN"],
          ...outcome.drains.map(({ worker, connections }) => [worker, String(connections)]),
        ]);
  const missing = outcome.missingWorkers.map((worker) => `partial: ${worker} did not say what it would drain\n`);
  return textResponse(200, `${changesText(outcome.changes)}\n${drains}${missing.join("")}`);
}
