import type { ComponentChild, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Failure, type FailureGroup, groupFailures } from "../failure-group.ts";
import { duration, timeOfDay } from "../format.ts";
import { hostsNow, type MembershipCluster } from "../hosts-now.ts";
import { html } from "../html.ts";
import { usePolled } from "../polled.ts";
import { linkTo } from "../route.ts";

interface Failures {
  readonly failures: readonly Failure[];
  readonly not_answering: readonly { readonly worker: string; readonly reason: string }[];
}

const EVERY_MS = 2000;
const LIMIT = 200;
/** So many of those that failed for the same reason are listed. */
const LISTED = 20;

/** The last requests that failed, those with the text `chosen` in them, by reason, each reason in a sentence. */
export function ErrorsView({ chosen }: { readonly chosen: string }): VNode {
  const [filter, setFilter] = useState(chosen);
  useEffect(() => setFilter(chosen), [chosen]);
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
    <p class="note">The last requests and connections that failed, by reason; the newest reason first.</p>
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
        <span class="count"><span class="pill bad">${[status || "closed", ...flags].join(" ")}</span></span>
        <span class="note">${times(failures.length)} ${timeOfDay(at_ms)}: ${method === "" ? `connection from ${newest.peer}` : `${method} ${authority}${path}`}</span>
      </summary>
      <dl class="facts-list">
        ${factsOf(newest).map(([name, text]) => html`<div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`)}
      </dl>
      ${attempts.length > 0 && html`<ol>${attempts.map(({ host, reason: why, ended_ms }) => html`<li>${host || "no host"}: ${why}, after ${duration(ended_ms)}</li>`)}</ol>`}
      <p class="note phases">${phases(newest)}</p>
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
  const { peer, connection_id: connection, protocol, worker, cluster, host, method, authority, path } = failure;
  const link = (text: string, view: string, chosen: string): VNode =>
    html`<a href=${linkTo(view, chosen)}>${text}</a>` as VNode;
  const url = `http://${authority}${path.replace(/\?…$/, "")}`;
  const from = html`${peer}${connection > 0 && html`, ${link(`connection ${connection}`, "connections", `connections ${peer}`)}`}${protocol !== "" && `, ${protocol}`}, ${link(worker, "actors", `supervisor/${worker}`)}`;
  const facts: readonly (readonly [name: string, shown: boolean, text: ComponentChild])[] = [
    ["details", failure.details !== "", failure.details],
    [
      "flags",
      failure.flags.length > 0,
      failure.flags.map((flag) => `${flag}: ${FLAGS[flag] ?? "see Envoy's response flags"}`).join("; "),
    ],
    ["from", true, from as unknown as ComponentChild],
    ["virtual host", failure.virtual_host !== "", failure.virtual_host],
    ["route", failure.route !== "", failure.route],
    ["cluster", cluster !== "", link(cluster, "traffic", `cluster ${cluster}`)],
    ["host", host !== "", link(host, "traffic", `host ${cluster} ${host}`)],
    ["request id", failure.request_id !== "", failure.request_id],
    ["now", method !== "" && authority !== "", link("Where would it go now?", "explain", url)],
  ];
  return facts.flatMap(([name, isShown, text]) => (isShown ? [[name, text] as const] : []));
}

/** Envoy's response flags in words. */
const FLAGS: Readonly<Record<string, string>> = {
  UH: "no healthy host",
  UF: "no connection to the host",
  UO: "a circuit breaker was open",
  NR: "no route, or no filter chain",
  NC: "no such cluster",
  URX: "no more retries",
  UC: "the host ended the connection",
  UT: "the host was too slow",
  UR: "the host reset it",
  UPE: "the host broke the protocol",
  LR: "reset by the proxy",
  UMSDR: "it took too long in all",
  DC: "the client left",
  DR: "the client reset it",
  DPE: "the client broke the protocol",
  SI: "idle for too long",
  DT: "its time was over",
  RL: "rate limited",
  RLSE: "no answer of the rate limit service",
  UAEX: "refused by authorization",
  FI: "a fault was injected",
  DI: "a delay was injected",
  IH: "a wrong header",
  LH: "the proxy fails its health check",
  DO: "dropped, for the cluster is overloaded",
  UDO: "dropped, for the cluster is overloaded",
  OM: "ended by the overload manager",
};

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
