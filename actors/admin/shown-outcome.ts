import type { ReloadOutcome, ResourceChange } from "../../src/admin/config-view.ts";
import { problemText } from "../../src/config/config-problem.ts";
import type { Refusal, SnapshotChanges } from "../supervisor/protocol.ts";

/** The supervisor's outcome of a reload as the admin shows it. */
export function shownOutcome(
  outcome: "accepted" | "unchanged" | "refused",
  version: number,
  changes: SnapshotChanges | undefined,
  refusals: readonly Refusal[],
): ReloadOutcome {
  switch (outcome) {
    case "accepted":
      return { type: "applied", version, changes: changes === undefined ? [] : shownChanges(changes) };
    case "unchanged":
      return { type: "unchanged", version };
    case "refused":
      return {
        type: "rejected",
        problems: shownRefusals(refusals),
        ...(refusals.some(({ problem }) => problem?.excerpt !== undefined) && {
          excerpts: refusals.map(({ problem }) => problem?.excerpt ?? null),
        }),
      };
  }
}

/** All changes in one list: added, changed, removed. */
export function shownChanges({ added, changed, removed }: SnapshotChanges): ResourceChange[] {
  return [
    ...added.map(({ kind, name }): ResourceChange => ({ kind, name, change: "added" })),
    ...changed.map(({ kind, name }): ResourceChange => ({ kind, name, change: "changed" })),
    ...removed.map(({ kind, name }): ResourceChange => ({ kind, name, change: "removed" })),
  ];
}

/** Each refusal in one line, with its place or its worker. */
export function shownRefusals(refusals: readonly Refusal[]): string[] {
  return refusals.map(({ worker, reason, problem }) => {
    if (problem !== undefined) return problemText(problem);
    return worker === "" ? reason : `${worker}: ${reason}`;
  });
}
