import type { VNode } from "preact";
import type { LiveSample, LiveWorker } from "../live/live-sample.ts";
import { drainedListeners } from "./drained-listeners.ts";
import { duration, timeOfDay } from "./format.ts";
import { html } from "./html.ts";
import { type Connection, useLive } from "./live.ts";
import { linkTo } from "./route.ts";

const CONNECTION: Readonly<Record<Connection, string>> = {
  connecting: "connecting …",
  live: "live",
  lost: "connection lost, trying again",
  paused: "paused",
  unauthorized: "no access",
};

/** A crash is worth a word for so long. */
const CRASH_SHOWN_MS = 15_000;

/** Something that is wrong, and where to read more about it. */
export interface SampleProblem {
  readonly text: string;
  /** A link within the page, and what stands on it. */
  readonly link: string;
  readonly label: string;
}

/** The line below the heading: how the page and the proxy are, and what is wrong with the workers. */
export function Status(): VNode {
  const { connection, problem, latest } = useLive();
  const sample = latest?.sample;
  const problems = sample === undefined ? [] : sampleProblems(sample);
  const isLive = sample !== undefined && connection !== "lost";
  return html`<div class="status">
    <p class="facts">
      <span class=${`pill connection-${connection}`}>${CONNECTION[connection]}</span>
      ${sample !== undefined && connection === "lost" && html`<span class="note">what is shown is of ${timeOfDay(sample.at_ms)}</span>`}
      ${isLive && listenersPill(sample)}
      ${isLive && sample.state !== "LIVE" && html`<span class="pill warn">${STATES[sample.state] ?? sample.state}</span>`}
      ${sample !== undefined && html`<span class="note">configuration <a href=${linkTo("config")}>version <b>${sample.version}</b></a></span>`}
      ${isLive && html`<span class="note">${counted(sample.workers.length, "worker")}</span>`}
      ${sample?.reloading === true && html`<span class="pill warn">reloading</span>`}
      ${connection === "lost" && problem !== "" && html`<span class="note">${problem}</span>`}
    </p>
    <div role="status" aria-live="polite" class="alerts">
      ${problems.map(({ text, link, label }) => html`<p key=${link} class="alert">${text} <a href=${link}>${label}</a></p>`)}
    </div>
  </div>` as VNode;
}

/** That the page is live does not mean that the proxy takes connections. */
function listenersPill({ totals }: LiveSample): unknown {
  const { listeners, listeners_closed: closed, listeners_winding_up: windingUp } = totals;
  if (closed > 0)
    return html`<span class="pill warn">${closed === listeners ? "listeners closed" : "some listeners closed"}</span>`;
  return windingUp > 0 && html`<span class="pill warn">listeners draining</span>`;
}

const STATES: Readonly<Record<string, string>> = {
  DRAINING: "draining",
  PRE_INITIALIZING: "starting",
  INITIALIZING: "starting",
};

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** What is wrong, in sentences. */
function sampleProblems(sample: LiveSample): SampleProblem[] {
  const actor = (name: string): Pick<SampleProblem, "link" | "label"> => ({
    link: linkTo("actors", name),
    label: "Look at it",
  });
  const silent = sample.workers
    .filter(({ answering, status }) => !answering && status !== "stopped")
    .map((worker) => ({ text: silence(worker), ...actor(`supervisor/${worker.name}`) }));
  const behind = sample.workers
    .filter(({ snapshot_version, status }) => status === "running" && snapshot_version < sample.version)
    .map(({ name, snapshot_version }) => ({
      text: `${name} still runs version ${snapshot_version}.`,
      ...actor(`supervisor/${name}`),
    }));
  const crashes = new Map(
    sample.events
      .filter(({ kind, at_ms }) => kind === "crash" && sample.at_ms - at_ms < CRASH_SHOWN_MS)
      .map(({ text }) => [text, { text: `${text}.`, ...actor(text.split(" ")[0] ?? "") }]),
  );
  const lastTry = sample.events.find(({ kind }) => kind !== "crash");
  const refusal =
    lastTry?.kind === "refused"
      ? [
          {
            text: `The newest configuration was refused; version ${sample.version} stays in force.`,
            link: linkTo("config"),
            label: "See why",
          },
        ]
      : [];
  const drained = drainedListeners(sample.totals);
  const closed = drained === undefined ? [] : [{ text: drained, link: linkTo("traffic"), label: "See the listeners" }];
  return [...closed, ...silent, ...behind, ...crashes.values(), ...refusal];
}

function silence({ name, report_age_ms }: LiveWorker): string {
  return `${name} has not answered for ${duration(report_age_ms)}: it is blocked or busy. What is shown of it is as it was then.`;
}
