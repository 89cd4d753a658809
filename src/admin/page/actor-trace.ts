import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { actorPath } from "./actor-knowledge.ts";
import { readEvents } from "./api.ts";
import { dataTable } from "./data-table.ts";
import { duration, timeOfDay } from "./format.ts";
import { html } from "./html.ts";

/** What happened to a message, as `/actors/ID/trace` tells it. */
interface TraceEvent {
  readonly at_ms: number;
  readonly type: string;
  readonly what: string;
  readonly handle_ms?: number;
}

interface TraceEnd {
  readonly ended_by: string;
  readonly events: number;
  readonly skipped: number;
}

const SECONDS = 30;
const MAX_EVENTS = 1000;
const SHOWN = 200;

/** A live trace of an actor's messages. It ends itself, when it is stopped, and when the reader goes elsewhere. */
export function ActorTrace({ id }: { readonly id: string }): VNode {
  const [match, setMatch] = useState("");
  const [events, setEvents] = useState<readonly (TraceEvent & { readonly key: number })[]>([]);
  const [state, setState] = useState("");
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    setEvents([]);
    setState("Tracing …");
    try {
      const query = new URLSearchParams({ seconds: String(SECONDS), max: String(MAX_EVENTS), match });
      let key = 0;
      await readEvents(actorPath(id, `/trace?${query}`), { method: "POST", signal: stop.signal }, (name, data) => {
        if (name === "end") setState(ended(JSON.parse(data) as TraceEnd));
        else setEvents((before) => [{ ...(JSON.parse(data) as TraceEvent), key: key++ }, ...before].slice(0, SHOWN));
      });
    } catch (error) {
      if (running.current === stop) setState(stop.signal.aborted ? "Stopped." : String((error as Error).message));
    }
    if (running.current === stop) running.current = undefined;
  };
  const isRunning = state === "Tracing …";
  return html`<form class="filters" onSubmit=${(event: Event) => void start(event)}>
      <label>Only types with <input type="search" value=${match} onInput=${(event: InputEvent) => setMatch((event.target as HTMLInputElement).value)} /></label>
      <button class="main" disabled=${isRunning}>Trace for ${SECONDS} s</button>
      ${isRunning && html`<button type="button" onClick=${() => running.current?.abort()}>Stop</button>`}
      <span class="note" role="status">${state}</span>
    </form>
    ${dataTable<TraceEvent & { readonly key: number }>({
      caption: "Trace",
      rows: events,
      rowKey: ({ key }) => String(key),
      rowClass: ({ what }) => (what === "failed" || what === "dropped" ? "bad" : ""),
      empty: isRunning ? "No message yet." : "Nothing is traced: an actor that nobody traces pays nothing for it.",
      columns: [
        { head: "Time", cell: ({ at_ms }) => timeOfDay(at_ms) },
        { head: "Message", text: true, cell: ({ type }) => type },
        { head: "What", cell: ({ what }) => what },
        { head: "Took", number: true, cell: ({ handle_ms }) => (handle_ms === undefined ? "–" : duration(handle_ms)) },
      ],
    })}` as unknown as VNode;
}

function ended({ ended_by, events, skipped }: TraceEnd): string {
  const left = skipped > 0 ? `, ${skipped} skipped` : "";
  return `Ended by ${ended_by}: ${events} ${events === 1 ? "event" : "events"}${left}.`;
}
