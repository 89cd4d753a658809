import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { duration, timeOfDay } from "../format.ts";
import { html } from "../html.ts";
import { usePolled } from "../polled.ts";

/** A failure as `/explain/last?format=json` tells it; see `docs/inspect.md`. */
interface Failure {
  readonly at_ms: number;
  readonly worker: string;
  readonly flags: readonly string[];
  readonly status: number;
  readonly details: string;
  readonly reason: string;
  readonly protocol: string;
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly request_id: string;
  readonly peer: string;
  readonly connection_id: number;
  readonly virtual_host: string;
  readonly route: string;
  readonly cluster: string;
  readonly host: string;
  readonly attempts: readonly { readonly host: string; readonly reason: string; readonly ended_ms: number }[];
  readonly request_complete_ms: number;
  readonly upstream_connected_ms: number;
  readonly upstream_sent_ms: number;
  readonly upstream_first_byte_ms: number;
  readonly response_first_byte_ms: number;
  readonly total_ms: number;
}

interface Failures {
  readonly failures: readonly Failure[];
  readonly not_answering: readonly { readonly worker: string; readonly reason: string }[];
}

const EVERY_MS = 2000;
const LIMIT = 50;

/** The last requests that failed, each with the reason in a sentence. */
export function ErrorsView(): VNode {
  const [filter, setFilter] = useState("");
  const [flag, setFlag] = useState("");
  const query = new URLSearchParams({
    format: "json",
    limit: String(LIMIT),
    ...(filter !== "" && { filter }),
    ...(flag !== "" && { flag }),
  });
  const { value, problem } = usePolled<Failures>(`/explain/last?${query}`, EVERY_MS, true);
  const input = (set: (text: string) => void) => (event: InputEvent) => set((event.target as HTMLInputElement).value);
  return html`<div>
    <h2>Errors</h2>
    <p class="filters">
      <label>Only those that contain <input type="search" value=${filter} onInput=${input(setFilter)} /></label>
      <label>Response flag <input type="search" size="6" placeholder="UH" value=${flag} onInput=${input(setFlag)} /></label>
    </p>
    ${problem !== "" && html`<p class="alert">${problem}</p>`}
    ${value?.not_answering.map(({ worker, reason }) => html`<p key=${worker} class="alert">${worker} did not tell: ${reason}</p>`)}
    ${value?.failures.length === 0 && html`<p class="note">No request has failed, as far as is remembered.</p>`}
    <ul class="failures">${value?.failures.map((each) => html`<${FailureItem} key=${failureKey(each)} failure=${each} />`)}</ul>
  </div>` as VNode;
}

function failureKey({ at_ms, worker, connection_id, request_id, path }: Failure): string {
  return `${at_ms} ${worker} ${connection_id} ${request_id} ${path}`;
}

function FailureItem({ failure }: { readonly failure: Failure }): VNode {
  const { at_ms, method, authority, path, status, flags, details, reason, attempts, peer, worker } = failure;
  const facts = [
    ["details", details],
    ["from", `${peer}, connection ${failure.connection_id}, ${failure.protocol}, ${worker}`],
    ["virtual host", failure.virtual_host],
    ["route", failure.route],
    ["cluster", failure.cluster],
    ["host", failure.host],
    ["request id", failure.request_id],
  ].filter(([, text]) => text !== "");
  return html`<li>
    <details>
      <summary>
        <span class="note">${timeOfDay(at_ms)}</span> <b>${method} ${authority}${path}</b>
        <span class="pill warn">${status || "–"} ${flags.join(",")}</span>
        <p class="reason">${reason}</p>
      </summary>
      <dl class="facts-list">
        ${facts.map(([name, text]) => html`<div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`)}
      </dl>
      <ol>${attempts.map(({ host, reason: why, ended_ms }) => html`<li>${host || "no host"}: ${why}, after ${duration(ended_ms)}</li>`)}</ol>
      <p class="note">${phases(failure)}</p>
    </details>
  </li>` as VNode;
}

/** When each phase was over, for those that there were. */
function phases(failure: Failure): string {
  const all: readonly (readonly [name: string, atMs: number])[] = [
    ["request complete", failure.request_complete_ms],
    ["connected", failure.upstream_connected_ms],
    ["sent", failure.upstream_sent_ms],
    ["first byte of host", failure.upstream_first_byte_ms],
    ["first byte of response", failure.response_first_byte_ms],
    ["over", failure.total_ms],
  ];
  return all.flatMap(([name, atMs]) => (atMs < 0 ? [] : `${name} ${duration(atMs)}`)).join(", ");
}
