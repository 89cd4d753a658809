import type { ActorReport } from "../../actor/inspection/actor-report.ts";
import type { ThreadVitals } from "../../actor/inspection/thread-vitals.ts";
import { SNAPSHOT_ATTRIBUTE } from "../snapshot-attribute.ts";

type Key = (report: ActorReport, vitals: ThreadVitals | undefined) => number | string;

/** What `sort` may name. Numbers go from the largest down, texts from A. */
const KEYS: Readonly<Record<string, Key>> = {
  id: ({ id }) => id,
  mailbox: ({ mailboxLength }) => mailboxLength,
  oldest: ({ oldestMessageAgeMs }) => oldestMessageAgeMs ?? -1,
  wait: ({ waitMs }) => waitMs.p99,
  handle: ({ handleMs }) => handleMs.p99,
  busy: ({ busyShare }) => busyShare,
  handled: ({ handled }) => handled,
  restarts: ({ restarts }) => restarts,
  version: ({ attributes }) => Number(attributes[SNAPSHOT_ATTRIBUTE] ?? -1),
  loop: (_report, vitals) => vitals?.eventLoopUtilization ?? -1,
  cpu: (_report, vitals) => vitals?.cpuShare ?? -1,
  heap: (_report, vitals) => vitals?.heap?.usedBytes ?? -1,
};

/** The names that `sort` may have. `loop`, `cpu` and `heap` are those of the actor's thread. */
export const ACTOR_ORDERS: readonly string[] = Object.keys(KEYS);

/** Sorts by one of `ACTOR_ORDERS`; equal ones stay as they are. */
export function sortActors(
  reports: readonly ActorReport[],
  order: string,
  vitals: ReadonlyMap<string, ThreadVitals>,
): ActorReport[] {
  const key = KEYS[order] ?? KEYS.id!;
  const keyed = reports.map((report) => ({ report, key: key(report, vitals.get(report.thread)) }));
  keyed.sort((a, b) => {
    if (typeof a.key === "string" || typeof b.key === "string") return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    return b.key - a.key;
  });
  return keyed.map(({ report }) => report);
}

/** Whether id, kind, thread, status or last error contains the text, whatever its case. */
export function matchesActor({ id, kind, thread, status, lastError }: ActorReport, text: string): boolean {
  const wanted = text.toLowerCase();
  return [id, kind, thread, status, lastError ?? ""].some((each) => each.toLowerCase().includes(wanted));
}
