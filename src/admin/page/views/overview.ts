import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { LiveEvent, LiveSample, LiveThread, LiveWorker } from "../../live/live-sample.ts";
import { Chart, type ChartLine } from "../chart.ts";
import { dataTable } from "../data-table.ts";
import { bytes, duration, percent, shortNumber, timeOfDay } from "../format.ts";
import { html } from "../html.ts";
import { type Moment, useLive } from "../live.ts";
import { errorShare, type Rates } from "../rates.ts";

/** More lines than this can't be told apart; the table has all threads. */
const MAX_THREAD_LINES = 12;
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
    ${draining(sample)}
    ${eventsTable(sample.events)}
  </div>` as VNode;
}

function figures(sample: LiveSample, rates: Rates | undefined): VNode {
  const { totals, latency } = sample;
  const perSecond = rates?.totals;
  const rate = (value: number | undefined): string => (value === undefined ? "–" : shortNumber(value));
  const size = (value: number | undefined): string => (value === undefined ? "–" : bytes(value));
  const time = (ms: number | undefined): string => (ms === undefined ? "–" : duration(ms));
  const share = perSecond === undefined ? "–" : percent(errorShare(perSecond));
  const entries: readonly (readonly [id: string, label: string, value: string, more: string])[] = [
    ["requests", "requests/s", rate(perSecond?.requests), `${shortNumber(totals.requests)} in all`],
    ["errors", "answered 5xx", share, `${rate(perSecond?.responses_5xx)}/s`],
    ["p50", "latency p50", time(latency?.p50_ms), `p90 ${time(latency?.p90_ms)}`],
    ["p99", "latency p99", time(latency?.p99_ms), `longest ${time(latency?.max_ms)}`],
    ["connections", "connections", shortNumber(totals.connections_active), `${rate(perSecond?.connections)} new/s`],
    ["active", "under way", shortNumber(totals.requests_active), "requests"],
    ["received", "received/s", size(perSecond?.received_bytes), `${bytes(totals.received_bytes)} in all`],
    ["sent", "sent/s", size(perSecond?.sent_bytes), `${bytes(totals.sent_bytes)} in all`],
  ];
  return html`<dl class="figures">
    ${entries.map(
      ([id, label, value, more]) => html`<div key=${id} data-figure=${id}>
        <dt>${label}</dt><dd>${value}</dd><dd class="more">${more}</dd>
      </div>`,
    )}
  </dl>` as VNode;
}

function Charts({ history }: { readonly history: readonly Moment[] }): VNode {
  const times = useMemo(() => history.map(({ sample }) => sample.at_ms / 1000), [history]);
  const charts = useMemo(() => chartLines(history), [history]);
  return html`<div class="charts">
    <${Chart} title="Requests per second" times=${times} lines=${charts.requests} format=${shortNumber} />
    <${Chart} title="Latency" times=${times} lines=${charts.latency} format=${duration} />
    <${Chart} title="Connections" times=${times} lines=${charts.connections} format=${shortNumber} />
    <${Chart} title="CPU by thread" times=${times} lines=${charts.cpu} format=${percent} />
    <${Chart} title="Event loop delay by thread" times=${times} lines=${charts.delay} format=${duration} />
    <${Chart} title="Bytes per second" times=${times} lines=${charts.traffic} format=${bytes} steps=${BYTE_STEPS} />
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
      line(name, (index % 6) + 1, ({ sample }) => {
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
  return dataTable<LiveWorker>({
    caption: "Workers",
    rows: sample.workers,
    rowKey: ({ name }) => name,
    rowClass: ({ answering }) => (answering ? "" : "bad"),
    empty: "There is no worker.",
    columns: [
      { head: "Worker", cell: ({ name }) => name },
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
}

function draining({ workers, totals }: LiveSample): VNode {
  const leaving = workers
    .filter(({ status }) => status === "draining")
    .map(({ name, connections }) => `${name} is leaving, with ${connections} connections`);
  const what = [
    ...leaving,
    ...(totals.chains_draining > 0 ? [`${totals.chains_draining} filter chains`] : []),
    ...(totals.listeners_draining > 0 ? [`${totals.listeners_draining} listeners`] : []),
  ];
  return html`<section class="card"><h3>Draining</h3><p>${what.length === 0 ? "Nothing is draining." : `${what.join("; ")}.`}</p></section>` as VNode;
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
      { head: "What", text: true, cell: ({ text }) => text },
    ],
  });
}
