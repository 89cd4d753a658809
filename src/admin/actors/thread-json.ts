import type { ActorReport } from "../../actor/inspection/actor-report.ts";
import type { ThreadVitals } from "../../actor/inspection/thread-vitals.ts";
import type { LiveThread } from "../live/live-sample.ts";
import { flatten, round3 } from "./actor-json.ts";

/** The attribute under which a thread's actor shows the longest stall of its event loop since its last report. */
const STALL_ATTRIBUTE = "longestStallMs";

/** A thread as `/actors?format=json` shows it. */
export function threadJson(vitals: ThreadVitals, loopDelayMs: number | undefined): LiveThread {
  const { heap, cpuShare, cpuUserMs, cpuSystemMs } = vitals;
  return {
    thread: vitals.thread,
    answering: vitals.answering,
    age_ms: Math.round(vitals.ageMs),
    over_ms: Math.round(vitals.overMs),
    event_loop_utilization: round3(vitals.eventLoopUtilization),
    event_loop_delay_ms: loopDelayMs ?? null,
    cpu_share: cpuShare === undefined ? null : round3(cpuShare),
    cpu_user_ms: cpuUserMs ?? null,
    cpu_system_ms: cpuSystemMs ?? null,
    heap_used_bytes: heap?.usedBytes ?? null,
    heap_total_bytes: heap?.totalBytes ?? null,
    heap_limit_bytes: heap?.limitBytes ?? null,
    external_bytes: heap?.externalBytes ?? null,
  };
}

/** Threads whose actors don't answer, with the time since they last did. */
export function silentThreads(tree: readonly ActorReport[]): ReadonlyMap<string, number> {
  const silent = new Map<string, number>();
  for (const { answering, thread, reportAgeMs } of flatten(tree)) if (!answering) silent.set(thread, reportAgeMs);
  return silent;
}

/**
 * The threads, where one whose actor is silent does not answer: V8 tells processor time and memory of a thread whose event loop stands still,
 * too.
 */
export function judgedThreads(tree: readonly ActorReport[], vitals: readonly ThreadVitals[]): readonly ThreadVitals[] {
  const silentForMs = silentThreads(tree);
  if (silentForMs.size === 0) return vitals;
  return vitals.map((each) => {
    const ageMs = silentForMs.get(each.thread);
    return ageMs === undefined || !each.answering ? each : { ...each, answering: false, ageMs };
  });
}

/** The longest stall of each thread's event loop lately; of a thread that is stuck, the time since it last told. */
export function loopDelays(tree: readonly ActorReport[], vitals: readonly ThreadVitals[]): ReadonlyMap<string, number> {
  const delays = new Map<string, number>();
  for (const { thread, loopDelayMs } of vitals)
    if (loopDelayMs !== undefined) delays.set(thread, Math.round(loopDelayMs));
  for (const { attributes, thread, answering, reportAgeMs } of flatten(tree)) {
    const told = attributes[STALL_ATTRIBUTE];
    if (typeof told !== "number") continue;
    delays.set(thread, answering ? told : Math.max(told, Math.round(reportAgeMs)));
  }
  return delays;
}
