import type { VNode } from "preact";
import { actorPath, type Knowledge, staleness } from "./actor-knowledge.ts";
import { dataTable } from "./data-table.ts";
import { html } from "./html.ts";
import { usePolled } from "./polled.ts";

interface HistoryEntry {
  readonly at_ms: number;
  readonly event: string;
  readonly detail: string;
  readonly place: string | null;
  readonly stack: string | null;
}

/** What an actor went through, newest first. */
export function ActorHistory({ id }: { readonly id: string }): VNode {
  const path = actorPath(id, "/history?format=json");
  const { value, problem } = usePolled<Knowledge & { readonly events: readonly HistoryEntry[] | null }>(path, 2000);
  if (value === undefined) return html`<p class="note">${problem || "Asking …"}</p>` as VNode;
  return html`<div>
    ${staleness(value)}
    ${dataTable<HistoryEntry>({
      caption: "History",
      rows: [...(value.events ?? [])].reverse(),
      rowKey: ({ at_ms, event, detail }) => `${at_ms} ${event} ${detail}`,
      rowClass: ({ event }) => (/crash|refused|fail/i.test(event) ? "bad" : ""),
      empty: "Nothing has happened to it yet.",
      columns: [
        { head: "Time", cell: ({ at_ms }) => new Date(at_ms).toISOString() },
        { head: "Event", cell: ({ event }) => event },
        {
          head: "Detail",
          text: true,
          cell: ({ detail, place, stack }) => html`<span>${detail}</span>
            ${place !== null && place !== undefined && html`<p><code>${place}</code></p>`}
            ${stack !== null && stack !== undefined && html`<details><summary>stack</summary><pre>${stack}</pre></details>`}`,
        },
      ],
    })}
  </div>` as VNode;
}
