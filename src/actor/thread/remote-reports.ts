import type { ActorReport } from "../inspection/actor-report.ts";

/** Reports that may be missed before a thread counts as not answering. */
const MISSED_REPORTS = 3;

/** What the other thread last said about its actors, and how old that is. Needs no answer from it. */
export class RemoteReports {
  #actors: readonly ActorReport[] = [];
  #intervalMs = Number.POSITIVE_INFINITY;
  #receivedAtMs = 0;

  receive(actors: readonly ActorReport[], intervalMs: number, nowMs: number): void {
    this.#actors = actors;
    this.#intervalMs = intervalMs;
    this.#receivedAtMs = nowMs;
  }

  /** Age of the last report in milliseconds, or undefined if none has come. */
  ageMs(nowMs: number): number | undefined {
    return this.#intervalMs === Number.POSITIVE_INFINITY ? undefined : nowMs - this.#receivedAtMs;
  }

  /** False once the thread has missed its reports. True before the first. */
  answering(nowMs: number): boolean {
    const ageMs = this.ageMs(nowMs);
    return ageMs === undefined || ageMs < this.#intervalMs * MISSED_REPORTS;
  }

  /** The root actor `name` of the other thread, marked with its age. */
  root(name: string, shownId: string, nowMs: number): ActorReport | undefined {
    const found = this.#actors.find((actor) => actor.id === name);
    return found === undefined ? undefined : this.#aged(found, name, shownId, nowMs);
  }

  #aged(report: ActorReport, name: string, shownId: string, nowMs: number): ActorReport {
    return {
      ...report,
      id: shownId + report.id.slice(name.length),
      reportAgeMs: report.reportAgeMs + nowMs - this.#receivedAtMs,
      answering: report.answering && this.answering(nowMs),
      children: report.children.map((child) => this.#aged(child, name, shownId, nowMs)),
    };
  }
}
