import { problemText } from "../../src/config/config-problem.ts";
import type { Refusal, SnapshotRecord, SupervisorEvent } from "./protocol.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** Notes an event in the history of an actor. */
export type Note = (event: string, detail: string, more?: { readonly place?: string }) => void;

/** Writes what the supervisor announces into its own history, and refusals into those of the workers that refused. */
export function noteEvent(
  event: SupervisorEvent,
  note: Note,
  findWorker: (name: string) => WorkerHandle | undefined,
): void {
  switch (event.type) {
    case "snapshotAccepted":
      note("snapshotApplied", appliedText(event.record));
      break;
    case "snapshotRefused":
      for (const refusal of event.record.refusals) {
        const detail = `${event.record.cause}: ${refusalText(refusal)}`;
        const place = refusal.problem?.path;
        note("snapshotRefused", detail, place === undefined ? {} : { place });
        findWorker(refusal.worker)?.note("snapshotRefused", detail);
      }
      break;
    case "workerCrashed":
      note("workerCrashed", `${event.worker}: ${event.crash.error}`);
      break;
    case "workerFailed":
      note("workerFailed", `${event.worker}: ${event.error}`);
      break;
    case "allWorkersFailed":
      note("allWorkersFailed", event.error);
      break;
    case "workerStarted":
    case "workerRestarted":
    case "workerStopped":
      note(event.type, event.worker);
      break;
  }
}

function appliedText({ version, cause, source, changeCounts, durationMs }: SnapshotRecord): string {
  const { added, changed, removed } = changeCounts;
  const counts = `${added} added, ${changed} changed, ${removed} removed`;
  return `version ${version} (${cause}, ${source}): ${counts}, in ${Math.round(durationMs)} ms`;
}

function refusalText({ worker, reason, problem }: Refusal): string {
  if (problem !== undefined) return problemText(problem);
  return worker === "" ? reason : `${worker}: ${reason}`;
}
