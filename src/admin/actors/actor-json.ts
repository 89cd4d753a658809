import type { ActorReport } from "../../actor/inspection/actor-report.ts";
import type { LiveActor } from "../live/live-sample.ts";
import { SNAPSHOT_ATTRIBUTE } from "../snapshot-attribute.ts";

/** All actors of the trees, parents before their children. */
export function* flatten(reports: readonly ActorReport[]): Generator<ActorReport> {
  for (const report of reports) {
    yield report;
    yield* flatten(report.children);
  }
}

/** An actor with those below it. `nested` false leaves `children` empty; `child_ids` names them in either case. */
export function actorJson(report: ActorReport, nested: boolean): LiveActor {
  const parentEnd = report.id.lastIndexOf("/");
  const json = {
    id: report.id,
    parent_id: parentEnd === -1 ? null : report.id.slice(0, parentEnd),
    kind: report.kind,
    thread: report.thread,
    status: report.status,
    snapshot_version: report.attributes[SNAPSHOT_ATTRIBUTE] ?? null,
    mailbox_length: report.mailboxLength,
    mailbox_capacity: report.mailboxCapacity,
    mailbox_alarm: report.mailboxAlarm,
    oldest_message_age_ms: report.oldestMessageAgeMs ?? null,
    wait_ms: rounded(report.waitMs),
    handle_ms: rounded(report.handleMs),
    busy_share: round3(report.busyShare),
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
    child_ids: report.children.map(({ id }) => id),
    children: nested ? report.children.map((child) => actorJson(child, true)) : [],
  };
  return json;
}

function rounded({ p50, p99 }: ActorReport["waitMs"]): LiveActor["wait_ms"] {
  return { p50: round3(p50), p99: round3(p99) };
}

/** Enough digits for a share or a duration in milliseconds. */
export function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
