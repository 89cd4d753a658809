import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { LiveEvent, LiveSample, LiveThread, LiveWorker } from "../../live/live-sample.ts";
import { busyClusters } from "../busy-clusters.ts";
import { Chart, type ChartLine } from "../chart.ts";
import { dataTable } from "../data-table.ts";
import { bytes, duration, percent, shortNumber, timeOfDay } from "../format.ts";
import { glossary } from "../glossary.ts";
import { html } from "../html.ts";
import { type Moment, useLive } from "../live.ts";
import { errorShare, type Rates } from "../rates.ts";
import { linkTo } from "../route.ts";

/** More lines than this can't be told apart; the table has all threads. */
const MAX_THREAD_LINES = 12;
/** Red is for what is wrong. */
const THREAD_COLOURS = [1, 2, 5, 6, 4];
/** An axis of bytes goes in powers of two. */
const BYTE_STEPS = Array.from({ length: 40 }, (_, power) => 2 ** power);

/** How the proxy is doing as a whole. */
export function OverviewView(): VNode {
  const { latest, rates, history } = useLive();
  if (latest === undefined) return html`<p class="note">Waiting for the first sample …</p>` as VNode;
  const { sample } = latest;
  return html`<div class="overview">
    <h2>Overview</h2>
    ${figures(sample, rates)}
    <${Charts} history=${history} />
    ${workersTable(sample)}
    ${busyClusters(sample, rates)}
    ${eventsTable(sample.events)}
    ${glossary()}
  </div>` as VNode;
}

/** Something that is counted: its name, the present value, more about it, and the view that goes into it. */
type Figure = readonly [id: string, label: string, value: string, more: string, view: string];

function figures(sample: LiveSample, rates: Rates | undefined): VNode {
  const { totals, latency } = sample;
  const perSecond = rates?.totals;
  const rate = (value: number | undefined): string => (value === undefined ? "–" : shortNumber(value));
  const size = (value: number | undefined): string => (value === undefined ? "–" : bytes(value));
  const time = (ms: number | undefined): string => (ms === undefined ? "–" : duration(ms));
  const share = perSecond === undefined ? "–" : percent(errorShare(perSecond));
  const entries: readonly Figure[] = [
    ["requests", "requests/s", rate(perSecond?.requests), `${shortNumber(totals.requests)} in all`, "traffic"],
    ["errors", "answered 5xx", share, `${rate(perSecond?.responses_5xx)}/s`, "errors"],
    ["p50", "latency p50", time(latency?.p50_ms), `p90 ${time(latency?.p90_ms)}`, ""],
    ["p99", "latency p99", time(latency?.p99_ms), `longest ${time(latency?.max_ms)}`, ""],
    [
      "connections",
      "connections",
      shortNumber(totals.connections_active),
      `${rate(perSecond?.connections)} new/s`,
      "connections",
    ],
    ["active", "under way", shortNumber(totals.requests_active), "requests", "streams"],
    ["received", "received/s", size(perSecond?.received_bytes), `${bytes(totals.received_bytes)} in all`, ""],
    ["sent", "sent/s", size(perSecond?.sent_bytes), `${bytes(totals.sent_bytes)} in all`, ""],
  ];
  const link = (view: string): string => (view === "streams" ? linkTo("connections", view) : linkTo(view));
  const failing = (perSecond?.responses_5xx ?? 0) > 0;
  return html`<dl class="figures">
    ${entries.map(
      ([
        id,
        label,
        value,
        more,
        view,
      ]) => html`<div key=${id} data-figure=${id} class=${id === "errors" && failing ? "bad" : ""}>
        <dt>${view === "" ? label : html`<a href=${link(view)}>${label}</a>`}</dt><dd>${value}</dd><dd class="more">${more}</dd>
      </div>`,
    )}
  </dl>` as VNode;
}

function Charts({ history }: { readonly history: readonly Moment[] }): VNode {
  const times = useMemo(() => history.map(({ sample }) => sample.at_ms / 1000), [history]);
  const charts = useMemo(() => chartLines(history), [history]);
  const chart = (title: string, about: string, lines: readonly ChartLine[], format: (value: number) => string) =>
    html`<${Chart} title=${title} about=${about} times=${times} lines=${lines} format=${format} steps=${format === bytes ? BYTE_STEPS : undefined} />`;
  return html`<div class="charts">
    ${chart("Requests", "per second, by answer", charts.requests, shortNumber)}
    ${chart("Latency", "of requests that ended in the second", charts.latency, duration)}
    ${chart("Connections", "of clients, open", charts.connections, shortNumber)}
    ${chart("CPU", "by thread, 100 % is one core", charts.cpu, percent)}
    ${chart("Event loop delay", "by thread, the longest stall", charts.delay, duration)}
    ${chart("Bytes", "per second, of clients", charts.traffic, bytes)}
  </div>` as VNode;
}

function chartLines(history: readonly Moment[]) {
  const line = (label: string, colour: number, value: (moment: Moment) => number | null | undefined): ChartLine => ({
    label,
    colour,
    values: history.map((moment) => value(moment) ?? null),
  });
  const threads =
    history
      .at(-1)
      ?.sample.threads.slice(0, MAX_THREAD_LINES)
      .map(({ thread }) => thread) ?? [];
  const byThread = (value: (thread: LiveThread) => number | null): ChartLine[] =>
    threads.map((name, index) =>
      line(name, THREAD_COLOURS[index % THREAD_COLOURS.length]!, ({ sample }) => {
        const found = sample.threads.find(({ thread }) => thread === name);
        return found === undefined ? null : value(found);
      }),
    );
  return {
    cpu: byThread(({ cpu_share }) => cpu_share),
    delay: byThread(({ event_loop_delay_ms }) => event_loop_delay_ms),
    requests: [
      line("all", 1, ({ rates }) => rates?.totals.requests),
      line("4xx", 4, ({ rates }) => rates?.totals.responses_4xx),
      line("5xx", 3, ({ rates }) => rates?.totals.responses_5xx),
    ],
    latency: [
      line("p50", 2, ({ sample }) => sample.latency?.p50_ms),
      line("p90", 4, ({ sample }) => sample.latency?.p90_ms),
      line("p99", 3, ({ sample }) => sample.latency?.p99_ms),
    ],
    connections: [line("open", 1, ({ sample }) => sample.totals.connections_active)],
    traffic: [
      line("received", 2, ({ rates }) => rates?.totals.received_bytes),
      line("sent", 1, ({ rates }) => rates?.totals.sent_bytes),
    ],
  };
}

const shareOf = (share: number | null | undefined): string => percent(share ?? Number.NaN);
const delayOf = (delayMs: number | null | undefined): string => duration(delayMs ?? Number.NaN);
const heapOf = (held: number | null | undefined): string => (held === null || held === undefined ? "–" : bytes(held));

function workersTable(sample: LiveSample): VNode {
  const thread = (name: string): LiveThread | undefined => sample.threads.find((each) => each.thread === name);
  const leaves = draining(sample);
  const table = dataTable<LiveWorker>({
    caption: "Workers",
    rows: sample.workers,
    rowKey: ({ name }) => name,
    rowClass: ({ answering, status }) => (!answering ? "bad" : status === "draining" ? "draining" : ""),
    empty: "There is no worker.",
    columns: [
      { head: "Worker", cell: ({ name }) => html`<a href=${linkTo("actors", `supervisor/${name}`)}>${name}</a>` },
      {
        head: "Status",
        cell: ({ status, answering, report_age_ms }) =>
          answering ? status : `not answering for ${duration(report_age_ms)}`,
      },
      {
        head: "Version",
        number: true,
        cell: ({ snapshot_version }) =>
          snapshot_version === sample.version ? snapshot_version : html`<b class="warn">${snapshot_version}</b>`,
      },
      { head: "Connections", number: true, cell: ({ connections }) => shortNumber(connections) },
      { head: "CPU", number: true, cell: ({ name }) => shareOf(thread(name)?.cpu_share) },
      { head: "Loop busy", number: true, cell: ({ name }) => shareOf(thread(name)?.event_loop_utilization) },
      { head: "Loop delay", number: true, cell: ({ name }) => delayOf(thread(name)?.event_loop_delay_ms) },
      { head: "Heap", number: true, cell: ({ name }) => heapOf(thread(name)?.heap_used_bytes) },
      { head: "Restarts", number: true, cell: ({ restarts }) => restarts },
    ],
  });
  return html`${table}<p class=${leaves === "" ? "note" : "warn"}>${leaves === "" ? "Nothing is draining." : `Draining: ${leaves}.`}</p>` as unknown as VNode;
}

/** What goes on leaving, in words; `""` if nothing does. */
function draining({ workers, totals, state }: LiveSample): string {
  const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  const leaving = workers
    .filter(({ status }) => status === "draining")
    .map(({ name, connections }) => `${name} is leaving, with ${counted(connections, "connection")}`);
  return [
    ...(state === "DRAINING" ? ["the whole proxy"] : []),
    ...leaving,
    ...(totals.chains_draining > 0 ? [counted(totals.chains_draining, "filter chain")] : []),
    ...(totals.listeners_draining > 0 ? [counted(totals.listeners_draining, "listener")] : []),
  ].join("; ");
}

function eventsTable(events: readonly LiveEvent[]): VNode {
  return dataTable<LiveEvent>({
    caption: "Recent events",
    rows: events,
    rowKey: ({ at_ms, text }) => `${at_ms} ${text}`,
    rowClass: ({ kind }) => (kind === "crash" || kind === "refused" ? "bad" : ""),
    empty: "Nothing has happened yet.",
    columns: [
      { head: "Time", cell: ({ at_ms }) => timeOfDay(at_ms) },
      {
        head: "What",
        text: true,
        cell: ({ text, kind }) =>
          kind === "refused" ? html`${text} <a href=${linkTo("config")}>See the line</a>` : text,
      },
    ],
  });
}
