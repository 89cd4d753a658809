import {
  type AdminHandler,
  type AdminRequest,
  type AdminResponse,
  jsonResponse,
  OK,
  textResponse,
  wantsJson,
} from "../admin-handler.ts";
import type { Control } from "../control.ts";
import type { LiveWorker } from "../live/live-sample.ts";
import { humanDuration, textTable } from "../text-table.ts";
import type { WorkerStatus, WorkersView } from "./workers-view.ts";

/** More workers than any machine has use for. */
const MAX_WORKERS = 1024;

/** `/workers`: shows the workers; with POST and `count` changes their number. Troupe's own. */
export function workersHandler(view: WorkersView, control: Control): AdminHandler {
  return {
    path: "/workers",
    access: "both",
    help: "show the workers; change their number",
    params: [
      { name: "count", help: `The new number of workers, 1 to ${MAX_WORKERS} (POST)`, kind: "text" },
      { name: "format", help: "Format to use", kind: ["text", "json"] },
    ],
    deadlineMs: 60_000,
    handle: async (request) => {
      if (request.method === "POST") return setCount(control, request);
      if (!request.params.has("count")) return show(await view.workers(), request);
      return textResponse(405, `Method ${request.method} not allowed, POST required.\n`);
    },
  };
}

async function setCount(control: Control, { params }: AdminRequest): Promise<AdminResponse> {
  const text = params.get("count") ?? "";
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_WORKERS) {
    return textResponse(400, `usage: POST /workers?count=N, with N from 1 to ${MAX_WORKERS}\n`);
  }
  await control.setWorkerCount(count);
  return OK;
}

function show(workers: readonly WorkerStatus[], request: AdminRequest): AdminResponse {
  if (wantsJson(request)) {
    return jsonResponse(200, {
      concurrency: staying(workers),
      workers: workers.map(workerJson),
    });
  }
  const table = textTable([
    ["WORKER", "STATUS", "SNAPSHOT", "CONNECTIONS", "RESTARTS", "ANSWERING"],
    ...workers.map((worker) => [
      worker.name,
      worker.status,
      String(worker.snapshotVersion),
      String(worker.connections),
      String(worker.restarts),
      worker.answering ? "yes" : `no, for ${humanDuration(worker.reportAgeMs)}`,
    ]),
  ]);
  return textResponse(200, `concurrency: ${staying(workers)}\n\n${table}`);
}

/** A worker as `/workers?format=json` shows it. */
export function workerJson(worker: WorkerStatus): LiveWorker {
  return {
    name: worker.name,
    status: worker.status,
    snapshot_version: worker.snapshotVersion,
    connections: worker.connections,
    restarts: worker.restarts,
    answering: worker.answering,
    report_age_ms: Math.round(worker.reportAgeMs),
  };
}

/** How many there are to be once those that leave have left. */
function staying(workers: readonly WorkerStatus[]): number {
  return workers.filter(({ status }) => status !== "draining" && status !== "stopped").length;
}
