import type { ComponentChild, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { request } from "../api.ts";
import { type Column, dataTable } from "../data-table.ts";
import { bytes, duration, shortNumber } from "../format.ts";
import { html } from "../html.ts";
import { usePolled } from "../polled.ts";
import { linkTo } from "../route.ts";

/** A row of a listing, as `docs/inspect.md` describes them. */
type Row = Readonly<Record<string, string | number | boolean | null>>;

interface Listing {
  readonly returned: number;
  readonly matched: number;
  readonly partial: boolean;
  readonly not_answering: readonly { readonly worker: string; readonly reason: string }[];
  readonly [rows: string]: unknown;
}

/** A column by the field it shows. */
interface Field {
  readonly head: string;
  readonly field: string;
  readonly as?: "number" | "bytes" | "duration";
}

interface ListingKind {
  readonly name: "connections" | "streams" | "pools";
  readonly label: string;
  /** What is listed. */
  readonly about: string;
  /** Said when there is nothing. */
  readonly none: string;
  readonly fields: readonly Field[];
  readonly sort: string;
}

const LIMIT = 200;
const EVERY_MS = 2000;

const field = (head: string, name: string, as?: Field["as"]): Field =>
  as === undefined ? { head, field: name } : { head, field: name, as };

const KINDS: readonly ListingKind[] = [
  {
    name: "connections",
    label: "Connections",
    about:
      "Connections of clients, as the workers have them now. In and Out are what the socket has read and written, Held what waits to be written.",
    none: "No client is connected.",
    sort: "age_ms",
    fields: [
      ...[field("ID", "id"), field("Worker", "worker"), field("State", "state"), field("Peer", "peer")],
      ...[field("Listener", "listener"), field("SNI", "server_name"), field("Protocol", "protocol")],
      ...[field("Age", "age_ms", "duration"), field("Idle", "idle_ms", "duration")],
      ...[field("In", "bytes_received", "bytes"), field("Out", "bytes_sent", "bytes")],
      ...[field("Held", "buffered_bytes", "bytes"), field("Requests", "requests", "number")],
      ...[field("Streams", "active_streams", "number"), field("Cluster", "cluster"), field("Host", "host")],
      field("Version", "snapshot_version", "number"),
    ],
  },
  {
    name: "streams",
    label: "Streams",
    about: "Requests under way: those that have begun and are not over.",
    none: "No request is under way.",
    sort: "age_ms",
    fields: [
      ...[field("Worker", "worker"), field("State", "state"), field("Connection", "connection_id")],
      ...[field("Peer", "peer"), field("Protocol", "protocol"), field("Method", "method")],
      ...[field("Authority", "authority"), field("Path", "path"), field("Route", "route")],
      ...[field("Cluster", "cluster"), field("Host", "host"), field("Attempt", "attempt", "number")],
      ...[field("Status", "response_code", "number"), field("Age", "age_ms", "duration")],
      ...[field("Idle", "idle_ms", "duration"), field("In", "bytes_received", "bytes")],
      ...[field("Out", "bytes_sent", "bytes"), field("Buffered", "buffered_bytes", "bytes")],
    ],
  },
  {
    name: "pools",
    label: "Pools",
    about: "Connections to hosts, by worker. Pending requests wait for a connection; Reuse is requests per connection.",
    none: "No host has been asked yet.",
    sort: "requests_total",
    fields: [
      ...[field("Cluster", "cluster"), field("Host", "host"), field("Worker", "worker"), field("State", "state")],
      ...[field("Protocol", "protocol"), field("Priority", "priority"), field("Active", "active", "number")],
      ...[field("Idle", "idle", "number"), field("Connecting", "connecting", "number")],
      ...[field("Pending", "pending", "number"), field("Requests", "requests_total", "number")],
      ...[field("Reuse", "reuse", "number"), field("Connect failures", "connect_failures", "number")],
      ...[field("Errors", "request_errors", "number"), field("Timeouts", "request_timeouts", "number")],
    ],
  },
];

/** Connections of clients, requests under way, and connections to hosts, as the workers have them now. */
export function ConnectionsView({ chosen }: { readonly chosen: string }): VNode {
  const [, name = "", filter = ""] = /^(\S*) ?(.*)$/s.exec(chosen) ?? [];
  const kind = KINDS.find((each) => each.name === name) ?? KINDS[0]!;
  return html`<div>
    <h2>Connections and streams</h2>
    <div class="tabs" role="group" aria-label="What to list">
      ${KINDS.map(({ name, label }) => html`<a key=${name} class="tab" href=${linkTo("connections", name)} aria-current=${name === kind.name ? "true" : undefined}>${label}</a>`)}
    </div>
    <p class="note">${kind.about}</p>
    <${ListingTable} key=${kind.name} kind=${kind} first=${filter} />
  </div>` as VNode;
}

function ListingTable({ kind, first }: { readonly kind: ListingKind; readonly first: string }): VNode {
  const [sort, setSort] = useState(kind.sort);
  const [filter, setFilter] = useState(first);
  useEffect(() => setFilter(first), [first]);
  const query = new URLSearchParams({ format: "json", sort, limit: String(LIMIT), ...(filter !== "" && { filter }) });
  const { value, problem, again } = usePolled<Listing>(`/${kind.name}?${query}`, EVERY_MS, true);
  const rows = (value?.[kind.name] ?? []) as readonly Row[];
  return html`<div>
    <p class="filters"><label>Only rows that contain
      <input type="search" value=${filter} onInput=${(event: InputEvent) => setFilter((event.target as HTMLInputElement).value)} />
    </label>
    ${value !== undefined && html`<span class="note" role="status">${counted(value)}</span>`}</p>
    ${problem !== "" && html`<p class="alert">${problem}</p>`}
    ${value?.not_answering.map(({ worker, reason }) => html`<p key=${worker} class="alert">${worker} did not tell: ${reason}</p>`)}
    ${dataTable<Row>({
      caption: kind.label,
      rows,
      rowKey: (row) =>
        kind.fields
          .slice(0, 4)
          .map((each) => row[each.field])
          .join(" "),
      rowClass: ({ state }) => (state === "draining" ? "draining" : ""),
      sortedBy: sort,
      onSort: setSort,
      empty: emptyText(value, filter, kind),
      columns: [
        ...kind.fields.map(columnOf),
        ...(kind.name === "connections"
          ? [
              {
                head: "Close",
                cell: (row: Row) => html`<${CloseButton} id=${row.id} onClosed=${again} />` as ComponentChild,
              },
            ]
          : []),
      ],
    })}
  </div>` as VNode;
}

/** What is said in place of rows. */
function emptyText(value: Listing | undefined, filter: string, kind: ListingKind): string {
  if (value === undefined) return "Asking …";
  if (filter !== "") return "Nothing has this in it.";
  return value.not_answering.length === 0 ? kind.none : "Nothing, as far as is known.";
}

function counted({ returned, matched }: Listing): string {
  return returned < matched ? `The first ${returned} of ${shortNumber(matched)}.` : `${shortNumber(matched)} in all.`;
}

function columnOf({ head, field: name, as }: Field): Column<Row> {
  return {
    head,
    number: as !== undefined,
    sort: name,
    cell: (row) => linked(row, name, shown(row[name] ?? "", as)),
  };
}

/** What a value of a row leads to, where another view has it. */
function linked(row: Row, name: string, text: string): ComponentChild {
  const link = row[name] === "" ? "" : linkOf(row, name);
  return link === "" ? text : html`<a href=${link}>${text}</a>`;
}

function linkOf(row: Row, name: string): string {
  switch (name) {
    case "worker":
      return linkTo("actors", `supervisor/${row.worker}`);
    case "listener":
      return linkTo("traffic", `listener ${row.listener}`);
    case "cluster":
      return linkTo("traffic", `cluster ${row.cluster}`);
    case "host":
      return row.cluster === "" ? "" : linkTo("traffic", `host ${row.cluster} ${row.host}`);
    case "active_streams":
      return row.active_streams === 0 ? "" : linkTo("connections", `streams ${row.peer}`);
    case "connection_id":
      return linkTo("connections", `connections ${row.peer}`);
    default:
      return "";
  }
}

function shown(value: string | number | boolean, as: Field["as"]): string {
  if (typeof value !== "number") return value === "" ? "–" : String(value);
  switch (as) {
    case "bytes":
      return bytes(value);
    case "duration":
      return value < 0 ? "–" : duration(value);
    case "number":
      return shortNumber(value);
    default:
      return String(value);
  }
}

function CloseButton({ id, onClosed }: { readonly id: number | string; readonly onClosed: () => void }): VNode {
  const [state, setState] = useState("close");
  const close = async (): Promise<void> => {
    setState("closing …");
    try {
      await request(`/connections/${encodeURIComponent(id)}/close`, { method: "POST" });
      setState("closed");
    } catch (error) {
      setState(error instanceof Error ? error.message : String(error));
    }
    onClosed();
  };
  return html`<button class="small" aria-label=${`Close connection ${id}`} disabled=${state !== "close"} onClick=${() => void close()}>${state}</button>` as VNode;
}
