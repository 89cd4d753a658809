import type { ComponentChild, VNode } from "preact";
import { useState } from "preact/hooks";
import { request } from "../api.ts";
import { type Column, dataTable } from "../data-table.ts";
import { bytes, duration, shortNumber } from "../format.ts";
import { html } from "../html.ts";
import { usePolled } from "../polled.ts";

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
  const kind = KINDS.find(({ name }) => name === chosen) ?? KINDS[0]!;
  return html`<div>
    <h2>Connections and streams</h2>
    <div class="tabs" role="group" aria-label="What to list">
      ${KINDS.map(({ name, label }) => html`<a key=${name} class="tab" href=${`#/connections/${name}`} aria-current=${name === kind.name ? "true" : undefined}>${label}</a>`)}
    </div>
    <${ListingTable} key=${kind.name} kind=${kind} />
  </div>` as VNode;
}

function ListingTable({ kind }: { readonly kind: ListingKind }): VNode {
  const [sort, setSort] = useState(kind.sort);
  const [filter, setFilter] = useState("");
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
      empty: value === undefined ? "Asking …" : "There is none.",
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

function counted({ returned, matched }: Listing): string {
  return returned < matched ? `The first ${returned} of ${shortNumber(matched)}.` : `${shortNumber(matched)} in all.`;
}

function columnOf({ head, field: name, as }: Field): Column<Row> {
  return {
    head,
    number: as !== undefined,
    sort: name,
    cell: (row) => shown(row[name] ?? "", as),
  };
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
