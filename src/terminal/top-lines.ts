import type { LiveActor, LiveSample, LiveThread, LiveWorker } from "../admin/live/live-sample.ts";
import { drainedListeners } from "../admin/page/drained-listeners.ts";
import { bytes, duration, percent, shortNumber, timeOfDay } from "../admin/page/format.ts";
import type { HostOutOfUse } from "../admin/page/hosts-now.ts";
import { errorShare, partKey, type Rates } from "../admin/page/rates.ts";
import { printable } from "../admin/printable.ts";
import { colour } from "./colour.ts";
import { SORT_KEYS, TOP_VIEWS, type TopState } from "./top-state.ts";

/** What `troupe top` draws from. */
export interface TopData {
  readonly sample: LiveSample;
  /** Undefined until there are two samples. */
  readonly rates: Rates | undefined;
  /** Hosts that get no requests, by cluster; undefined while nobody looks at a cluster. */
  readonly outOfUse?: ReadonlyMap<string, readonly HostOutOfUse[]> | undefined;
}

/** One row of a list. */
export interface TopRow {
  readonly name: string;
  readonly cells: readonly string[];
  readonly isBad: boolean;
  /** What drilling down to it shows. */
  readonly details: readonly (readonly [name: string, value: string])[];
}

interface TopList {
  readonly head: readonly string[];
  readonly rows: readonly TopRow[];
}

const HELP = [
  "1 2 3 4, Tab   workers, actors, clusters, events",
  "s              sort by the next column",
  "up, down, k, j choose a row",
  "Enter          everything about it;  Esc  back",
  "?              this help",
  "q, Ctrl-C      quit",
];

/** The rows of the present list, sorted. */
export function topRows(data: TopData, state: TopState): TopList {
  switch (state.view) {
    case "workers":
      return workers(data, state.sort.workers);
    case "actors":
      return actors(data, state.sort.actors);
    case "clusters":
      return clusters(data, state.sort.clusters);
    case "events":
      return events(data);
  }
}

/** The whole screen, for a terminal of this many rows. */
export function topLines(data: TopData, state: TopState, rows: number, hasColours: boolean): string[] {
  const list = topRows(data, state);
  const head = [...summary(data, hasColours), tabs(state, hasColours), ""];
  if (state.help) return [...head, ...HELP];
  if (state.chosen !== "") return [...head, ...details(list, state.chosen, hasColours)];
  const room = Math.max(rows - head.length - 1, 1);
  const chosenRow = Math.min(state.row, Math.max(list.rows.length - 1, 0));
  const from = Math.max(0, Math.min(chosenRow - room + 1, list.rows.length - room));
  const table = aligned([list.head, ...list.rows.map(({ cells }) => cells)]);
  const body = table.slice(1).map((line, index) => {
    if (index === chosenRow) return colour(line, "inverse", hasColours);
    return list.rows[index]!.isBad ? colour(line, "red", hasColours) : line;
  });
  if (body.length === 0) body.push("nothing to show");
  return [...head, colour(table[0]!, "dim", hasColours), ...body.slice(from, from + room)];
}

/** Everything once, as plain text for a file or a pipe. */
export function topText(data: TopData, first: TopState): string {
  const lists = TOP_VIEWS.map((view) => topRows(data, { ...first, view }));
  const parts = lists.map((list, index) => [
    (TOP_VIEWS[index] as string).toUpperCase(),
    ...aligned([list.head, ...list.rows.map(({ cells }) => cells)]),
    "",
  ]);
  return [...summary(data, false), "", ...parts.flat()].map((line) => `${line.trimEnd()}\n`).join("");
}

function summary({ sample, rates }: TopData, hasColours: boolean): string[] {
  const { totals, latency, state } = sample;
  const rate = (value: number | undefined): string => (value === undefined ? "-" : shortNumber(value));
  const errors = rates === undefined ? 0 : errorShare(rates.totals);
  const silent = sample.workers.filter(({ answering }) => !answering);
  const lines = [
    `troupe  ${colour(state, state === "LIVE" ? "green" : "yellow", hasColours)}  version ${sample.version}${
      sample.reloading ? "  reloading" : ""
    }  ${timeOfDay(sample.at_ms)}`,
    `requests ${rate(rates?.totals.requests)}/s  5xx ${colour(rates === undefined ? "-" : percent(errors), errors > 0 ? "red" : "dim", hasColours)}  p50 ${
      latency === null ? "-" : duration(latency.p50_ms)
    }  p99 ${latency === null ? "-" : duration(latency.p99_ms)}  connections ${shortNumber(totals.connections_active)}  under way ${shortNumber(
      totals.requests_active,
    )}  in ${rates === undefined ? "-" : bytes(rates.totals.received_bytes)}/s  out ${rates === undefined ? "-" : bytes(rates.totals.sent_bytes)}/s`,
  ];
  const drained = drainedListeners(totals);
  if (drained !== undefined) lines.push(colour(drained, "yellow", hasColours));
  for (const { name, report_age_ms } of silent) {
    lines.push(colour(`${name} has not answered for ${duration(report_age_ms)}`, "red", hasColours));
  }
  return lines;
}

function tabs({ view, sort }: TopState, hasColours: boolean): string {
  const names = TOP_VIEWS.map((name, index) => {
    const text = `${index + 1} ${name}`;
    return name === view ? colour(text, "bold", hasColours) : colour(text, "dim", hasColours);
  });
  const sorted = SORT_KEYS[view].length > 1 ? `   sorted by ${sort[view]}` : "";
  return `${names.join("  ")}${sorted}   ${colour("? help  q quit", "dim", hasColours)}`;
}

function details(list: TopList, chosen: string, hasColours: boolean): string[] {
  const row = list.rows.find(({ name }) => name === chosen);
  if (row === undefined) return [`${printable(chosen)} is not there any more`];
  const width = Math.max(...row.details.map(([name]) => name.length));
  return [
    colour(printable(chosen), "bold", hasColours),
    ...row.details.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`),
  ];
}

function workers({ sample }: TopData, sort: string): TopList {
  const thread = (name: string): LiveThread | undefined => sample.threads.find((each) => each.thread === name);
  const order: Readonly<Record<string, (worker: LiveWorker) => number>> = {
    cpu: ({ name }) => thread(name)?.cpu_share ?? 0,
    loop: ({ name }) => thread(name)?.event_loop_utilization ?? 0,
    delay: ({ name }) => thread(name)?.event_loop_delay_ms ?? 0,
    connections: ({ connections }) => connections,
    heap: ({ name }) => thread(name)?.heap_used_bytes ?? 0,
  };
  const known = (value: number | null | undefined, show: (value: number) => string): string =>
    value === null || value === undefined ? "-" : show(value);
  const rows = sample.workers.map((worker): TopRow => {
    const { name, status, answering, snapshot_version: version, connections, restarts } = worker;
    const used = thread(name);
    return {
      name,
      isBad: !answering || version < sample.version,
      cells: [
        name,
        answering ? status : "silent",
        String(version),
        shortNumber(connections),
        known(used?.cpu_share, percent),
        known(used?.event_loop_utilization, percent),
        known(used?.event_loop_delay_ms, duration),
        known(used?.heap_used_bytes, bytes),
        String(restarts),
      ],
      details: [...Object.entries(worker), ...Object.entries(used ?? {})].map(([key, value]) => [key, String(value)]),
    };
  });
  const head = ["WORKER", "STATUS", "VERSION", "CONNECTIONS", "CPU", "LOOP", "DELAY", "HEAP", "RESTARTS"];
  return { head, rows: sorted(rows, sample.workers, order[sort]) };
}

function* flatten(tree: readonly LiveActor[]): Generator<LiveActor> {
  for (const actor of tree) {
    yield actor;
    yield* flatten(actor.children);
  }
}

function actors({ sample }: TopData, sort: string): TopList {
  const order: Readonly<Record<string, (actor: LiveActor) => number>> = {
    mailbox: ({ mailbox_length }) => mailbox_length,
    busy: ({ busy_share }) => busy_share,
    wait: ({ wait_ms }) => wait_ms.p99,
    handled: ({ handled }) => handled,
    restarts: ({ restarts }) => restarts,
  };
  const all = [...flatten(sample.actors)];
  const rows = all.map((actor): TopRow => {
    const { children, crashes: _, attributes, ...facts } = actor as LiveActor & { readonly crashes: unknown };
    const shown = Object.entries({ ...facts, ...attributes }).map(
      ([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)] as const,
    );
    return {
      name: actor.id,
      isBad: !actor.answering || actor.mailbox_alarm || actor.status === "failed",
      cells: [
        actor.id,
        actor.answering ? actor.status : "silent",
        String(actor.mailbox_length),
        actor.oldest_message_age_ms === null ? "-" : duration(actor.oldest_message_age_ms),
        duration(actor.wait_ms.p99),
        percent(actor.busy_share),
        shortNumber(actor.handled),
        String(actor.restarts),
        actor.last_error ?? "-",
      ],
      details: [...shown, ["children", children.map(({ id }) => id).join(", ") || "-"]],
    };
  });
  const head = ["ACTOR", "STATUS", "MAILBOX", "OLDEST", "WAIT P99", "BUSY", "HANDLED", "RESTARTS", "LAST ERROR"];
  return { head, rows: sorted(rows, all, order[sort]) };
}

function clusters({ sample, rates, outOfUse }: TopData, sort: string): TopList {
  const parts = sample.parts.filter(({ kind }) => kind === "cluster");
  const rate = (part: (typeof parts)[number], name: string): number => rates?.parts.get(partKey(part))?.[name] ?? 0;
  const order: Readonly<Record<string, (part: (typeof parts)[number]) => number>> = {
    rate: (part) => rate(part, "upstream_rq_total"),
    errors: (part) => rate(part, "upstream_rq_5xx"),
    active: ({ values }) => values.upstream_rq_active ?? 0,
  };
  const rows = parts.map((part): TopRow => {
    const { name, values } = part;
    const healthy = values.membership_healthy ?? 0;
    return {
      name,
      isBad: healthy < (values.membership_total ?? 0),
      cells: [
        name,
        shortNumber(rate(part, "upstream_rq_total")),
        shortNumber(rate(part, "upstream_rq_5xx")),
        shortNumber(values.upstream_rq_active ?? 0),
        shortNumber(values.upstream_rq_pending_active ?? 0),
        shortNumber(values.upstream_cx_active ?? 0),
        `${healthy}/${values.membership_total ?? 0}`,
      ],
      details: [
        ...(outOfUse?.get(name) ?? []).map(({ address, why }) => [address, why || "out of use"] as const),
        ...Object.entries(values).map(
          ([key, value]) => [key, `${value}  (${shortNumber(rate(part, key))}/s)`] as const,
        ),
      ],
    };
  });
  const head = ["CLUSTER", "REQUESTS/S", "5XX/S", "UNDER WAY", "PENDING", "CONNECTIONS", "HOSTS"];
  return { head, rows: sorted(rows, parts, order[sort]) };
}

function events({ sample }: TopData): TopList {
  const rows = sample.events.map(({ at_ms, kind, text }): TopRow => {
    const details = [
      ["time", new Date(at_ms).toISOString()],
      ["kind", kind],
      ["text", text],
    ] as const;
    return {
      name: `${at_ms} ${text}`,
      isBad: kind === "crash" || kind === "refused",
      cells: [timeOfDay(at_ms), text],
      details,
    };
  });
  return { head: ["TIME", "WHAT"], rows };
}

/** Largest first; in the order given if there is nothing to sort by. */
function sorted<T>(rows: readonly TopRow[], from: readonly T[], value: ((item: T) => number) | undefined): TopRow[] {
  if (value === undefined) return [...rows];
  return rows
    .map((row, index) => ({ row, value: value(from[index]!) }))
    .sort((a, b) => b.value - a.value)
    .map(({ row }) => row);
}

/** Columns that line up; names of the configuration lose their control characters. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of clean) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return clean.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  "));
}
