import type { ComponentChild, VNode } from "preact";
import { useState } from "preact/hooks";
import { type Failure, type FailureGroup, groupFailures } from "../failure-group.ts";
import { duration, timeOfDay } from "../format.ts";
import { hostsNow, type MembershipCluster } from "../hosts-now.ts";
import { html } from "../html.ts";
import { usePolled } from "../polled.ts";

interface Failures {
  readonly failures: readonly Failure[];
  readonly not_answering: readonly { readonly worker: string; readonly reason: string }[];
}

const EVERY_MS = 2000;
const LIMIT = 200;
/** So many of those that failed for the same reason are listed. */
const LISTED = 20;

/** The last requests that failed, by reason, each reason in a sentence. */
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
  const failures = value?.failures ?? [];
  // How hosts are doing matters only to who sees that requests failed for them.
  const wanted = failures.some(({ cluster }) => cluster !== "");
  const membership = usePolled<{ readonly clusters: readonly MembershipCluster[] }>(
    wanted ? "/membership?format=json" : "",
    EVERY_MS,
  );
  const now = new Map(membership.value?.clusters.map((each) => [each.cluster, hostsNow(each)]));
  const input = (set: (text: string) => void) => (event: InputEvent) => set((event.target as HTMLInputElement).value);
  return html`<div>
    <h2>Errors</h2>
    <p class="filters">
      <label>Only those that contain <input type="search" value=${filter} onInput=${input(setFilter)} /></label>
      <label>Response flag <input type="search" size="6" placeholder="UH" value=${flag} onInput=${input(setFlag)} /></label>
    </p>
    ${problem !== "" && html`<p class="alert">${problem}</p>`}
    ${value?.not_answering.map(({ worker, reason }) => html`<p key=${worker} class="alert">${worker} did not tell: ${reason}</p>`)}
    ${value !== undefined && failures.length === 0 && nothing(filter + flag)}
    <ul class="failures">${groupFailures(failures).map((group) => groupItem(group, now.get(group.failures[0].cluster) ?? ""))}</ul>
  </div>` as VNode;
}

function nothing(asked: string): VNode {
  return html`<div class="card empty">
    <b>No request has failed, as far as is remembered.</b>
    ${asked === "" ? "Each worker keeps its last ones; those that go well cost nothing." : "None is like what is asked for."}
  </div>` as VNode;
}

function groupItem({ key, failures }: FailureGroup, now: string): VNode {
  const [newest] = failures;
  const { at_ms, method, authority, path, status, flags, reason, attempts } = newest;
  return html`<li key=${key}>
    <details>
      <summary>
        <p class="reason">${reason}</p>
        <span class="count"><span class="pill bad">${status || "–"} ${flags.join(",")}</span></span>
        <span class="note">${times(failures.length)} ${timeOfDay(at_ms)}: ${method} ${authority}${path}</span>
      </summary>
      <dl class="facts-list">
        ${factsOf(newest).map(([name, text]) => html`<div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`)}
      </dl>
      ${attempts.length > 0 && html`<ol>${attempts.map(({ host, reason: why, ended_ms }) => html`<li>${host || "no host"}: ${why}, after ${duration(ended_ms)}</li>`)}</ol>`}
      <p class="note">${phases(newest)}</p>
      ${failures.length > 1 && others(failures.slice(1))}
    </details>
    ${now !== "" && html`<p class="now"><b>Now</b> ${now}</p>`}
  </li>` as VNode;
}

function times(count: number): string {
  return count === 1 ? "once, at" : `${count} times, last at`;
}

function others(failures: readonly Failure[]): VNode {
  const more = failures.length - LISTED;
  return html`<h3>Before it</h3>
    <ul class="changes-of-time">
      ${failures
        .slice(0, LISTED)
        .map(
          ({ at_ms, method, authority, path, peer, worker }) =>
            html`<li>${timeOfDay(at_ms)} ${method} ${authority}${path} <span class="note">from ${peer}, ${worker}</span></li>`,
        )}
      ${more > 0 && html`<li class="note">and ${more} more</li>`}
    </ul>` as unknown as VNode;
}

function factsOf(failure: Failure): readonly (readonly [name: string, text: ComponentChild])[] {
  const { peer, connection_id, protocol, worker } = failure;
  const facts: readonly (readonly [name: string, text: string])[] = [
    ["details", failure.details],
    ["from", `${peer}, connection ${connection_id}, ${protocol}, ${worker}`],
    ["virtual host", failure.virtual_host],
    ["route", failure.route],
    ["cluster", failure.cluster],
    ["host", failure.host],
    ["request id", failure.request_id],
  ];
  return facts.filter(([, text]) => text !== "");
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
