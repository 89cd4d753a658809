import type { VNode } from "preact";
import { actorPath, type Knowledge, staleness } from "./actor-knowledge.ts";
import { dataTable } from "./data-table.ts";
import { duration, timeOfDay } from "./format.ts";
import { html } from "./html.ts";
import { usePolled } from "./polled.ts";

interface Message {
  readonly at_ms: number;
  readonly type: string;
  readonly size_bytes: number | null;
  readonly wait_ms: number;
  readonly handle_ms: number | null;
  readonly outcome: string;
}

/** The last messages that an actor got, newest first. */
export function ActorMessages({ id }: { readonly id: string }): VNode {
  const path = actorPath(id, "/messages?format=json");
  const { value, problem } = usePolled<Knowledge & { readonly messages: readonly Message[] | null }>(path, 2000);
  if (value === undefined) return html`<p class="note">${problem || "Asking …"}</p>` as VNode;
  return html`<div>
    ${staleness(value)}
    ${dataTable<Message>({
      caption: "Messages",
      rows: [...(value.messages ?? [])].reverse(),
      rowKey: ({ at_ms, type, wait_ms }) => `${at_ms} ${type} ${wait_ms}`,
      rowClass: ({ outcome }) => (outcome === "handled" ? "" : "bad"),
      empty: "It has had none.",
      columns: [
        { head: "Time", cell: ({ at_ms }) => timeOfDay(at_ms) },
        { head: "Message", cell: ({ type }) => type },
        { head: "Waited", number: true, cell: ({ wait_ms }) => duration(wait_ms) },
        { head: "Took", number: true, cell: ({ handle_ms }) => (handle_ms === null ? "–" : duration(handle_ms)) },
        { head: "Outcome", cell: ({ outcome }) => outcome },
      ],
    })}
  </div>` as VNode;
}
