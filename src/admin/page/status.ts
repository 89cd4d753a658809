import type { VNode } from "preact";
import type { LiveSample, LiveWorker } from "../live/live-sample.ts";
import { duration, timeOfDay } from "./format.ts";
import { html } from "./html.ts";
import { type Connection, useLive } from "./live.ts";

const CONNECTION: Readonly<Record<Connection, string>> = {
  connecting: "connecting …",
  live: "live",
  lost: "connection lost, trying again",
  paused: "paused",
  unauthorized: "no access",
};

/** A crash is worth a word for so long. */
const CRASH_SHOWN_MS = 15_000;

/** The line below the heading: how the page and the proxy are, and what is wrong with the workers. */
export function Status(): VNode {
  const { connection, problem, latest } = useLive();
  const sample = latest?.sample;
  const problems = sample === undefined ? [] : sampleProblems(sample);
  return html`<div class="status">
    <p class="facts">
      <span class=${`pill connection-${connection}`}>${CONNECTION[connection]}</span>
      ${sample !== undefined && connection === "lost" && html`<span class="note">what is shown is of ${timeOfDay(sample.at_ms)}</span>`}
      ${sample !== undefined && connection !== "lost" && html`<span class=${`pill ${sample.state === "LIVE" ? "good" : "warn"}`}>${sample.state}</span>`}
      ${sample !== undefined && html`<span>configuration version <b>${sample.version}</b></span>`}
      ${sample?.reloading === true && html`<span class="pill warn">reloading</span>`}
      ${connection === "lost" && problem !== "" && html`<span class="note">${problem}</span>`}
    </p>
    <div role="status" aria-live="polite" class="alerts">
      ${problems.map((text) => html`<p key=${text} class="alert">${text}</p>`)}
    </div>
  </div>` as VNode;
}

/** What is wrong, in sentences. */
export function sampleProblems(sample: LiveSample): string[] {
  const silent = sample.workers.filter(({ answering, status }) => !answering && status !== "stopped").map(silence);
  const behind = sample.workers
    .filter(({ snapshot_version, status }) => status === "running" && snapshot_version < sample.version)
    .map(({ name, snapshot_version }) => `${name} still runs version ${snapshot_version}.`);
  const crashes = sample.events
    .filter(({ kind, at_ms }) => kind === "crash" && sample.at_ms - at_ms < CRASH_SHOWN_MS)
    .map(({ text }) => `${text}.`);
  return [...silent, ...behind, ...new Set(crashes)];
}

function silence({ name, report_age_ms }: LiveWorker): string {
  return `${name} has not answered for ${duration(report_age_ms)}: it is blocked or busy. What is shown of it is as it was then.`;
}
