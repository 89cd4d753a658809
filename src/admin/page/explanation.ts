import type { ComponentChild, VNode } from "preact";
import { dataTable } from "./data-table.ts";
import { duration } from "./format.ts";
import { html } from "./html.ts";
import { linkTo } from "./route.ts";

/** What `POST /explain?format=json` answers; see `docs/inspect.md`. */
export interface Explanation {
  readonly snapshot_version: number | null;
  readonly proposed: boolean;
  readonly worker: string;
  readonly verdict: string;
  readonly listener: { readonly name: string; readonly addresses: readonly string[] };
  readonly inspects_tls: boolean;
  readonly steps: readonly {
    readonly criterion: string;
    readonly value: string;
    readonly asked: string;
    readonly took: string | null;
  }[];
  readonly filter_chain: {
    readonly name: string;
    readonly is_default: boolean;
    readonly network_filters: readonly string[];
  } | null;
  readonly outcome: HttpOutcome | TcpOutcome | UdpOutcome | null;
}

interface HttpOutcome {
  readonly kind: "http";
  readonly authority: string;
  readonly path: string;
  readonly route_config: string;
  readonly virtual_host: { readonly name: string; readonly domain: string } | null;
  readonly virtual_host_count: number;
  readonly tried: readonly {
    readonly index: number;
    readonly name: string;
    readonly match: string;
    readonly why_not: string | null;
  }[];
  readonly route_count: number;
  readonly route: {
    readonly action: string;
    readonly cluster: string;
    readonly location: string;
    readonly status: number;
    readonly timeout_ms: number;
    readonly retry_on: readonly string[];
  } | null;
  readonly http_filters: readonly { readonly name: string; readonly disabled: boolean }[];
  readonly cluster: ExplainedCluster | null;
  readonly answer: Answer | null;
}

interface TcpOutcome {
  readonly kind: "tcp";
  readonly clusters: readonly { readonly name: string; readonly share: number }[];
  readonly cluster: ExplainedCluster | null;
  readonly answer: Answer | null;
}

interface UdpOutcome {
  readonly kind: "udp";
  readonly cluster: ExplainedCluster | null;
  readonly answer: Answer | null;
}

interface Answer {
  readonly status: number;
  readonly flag: string;
  readonly details: string;
}

interface ExplainedHost {
  readonly in_subset: boolean;
  readonly address: string;
  readonly health: string;
  readonly flags: readonly string[];
  readonly weight: number;
  readonly priority: number;
  readonly zone: string;
  readonly active_requests: number;
}

interface ExplainedCluster {
  readonly name: string;
  readonly discovery: string;
  readonly load_balancer: string;
  readonly watched: boolean | null;
  readonly host_count: number;
  readonly healthy: number;
  readonly subset: { readonly asked: string; readonly host_count: number; readonly healthy: number } | null;
  readonly hosts: readonly ExplainedHost[];
}

/** The decision, step by step, with its result first. */
export function ExplanationSteps({ explanation }: { readonly explanation: Explanation }): VNode {
  const { verdict, proposed, snapshot_version, worker, listener, steps, filter_chain: chain, outcome } = explanation;
  return html`<div>
    <section class="card">
    <p class="verdict">${verdict}</p>
    <p class="note">${proposed ? "On the proposed configuration." : `On version ${snapshot_version}, as ${worker} has it.`}</p>
    <ol class="path">
      <li><b>Listener</b> ${listener.name} <span class="note">${listener.addresses.join(", ")}</span></li>
      ${steps.map(
        ({ criterion, value, took }) =>
          html`<li><b>${criterion}</b> ${value} <span class="note">${took === null ? "takes no chain" : `took ${took}`}</span></li>`,
      )}
      <li><b>Filter chain</b> ${chain === null ? html`<span class="error">none: the connection is closed</span>` : chainText(chain)}</li>
      ${outcome?.kind === "http" && httpSteps(outcome)}
      ${outcome?.kind === "tcp" && html`<li><b>TCP proxy</b> to ${outcome.clusters.map(({ name, share }) => `${name} (${share} %)`).join(", ")}</li>`}
      ${outcome?.kind === "udp" && html`<li><b>UDP proxy</b> to ${outcome.cluster?.name ?? "nothing"}</li>`}
      ${outcome?.answer && html`<li><b>Answer</b> ${outcome.answer.status} <span class="note">${outcome.answer.flag} ${outcome.answer.details}</span></li>`}
    </ol>
    </section>
    ${outcome?.cluster && hostTable(outcome.cluster)}
  </div>` as VNode;
}

function chainText({ name, is_default, network_filters }: NonNullable<Explanation["filter_chain"]>): ComponentChild {
  return html`${name || "(no name)"}${is_default ? ", the default one" : ""} <span class="note">${network_filters.join(", ")}</span>`;
}

function httpSteps(outcome: HttpOutcome): ComponentChild {
  const { virtual_host: host, tried, route, http_filters: filters } = outcome;
  return html`
    <li><b>Request</b> for ${outcome.authority}${outcome.path}</li>
    <li><b>Route configuration</b> ${outcome.route_config}</li>
    <li><b>Virtual host</b> ${host === null ? html`<span class="error">none of ${outcome.virtual_host_count} has this host</span>` : `${host.name}, by domain ${host.domain}`}</li>
    ${tried.map(
      ({ index, name, match, why_not }) => html`<li class=${why_not === null ? "matched" : "missed"}>
        <b>Route ${index}</b> ${name} ${match}: ${why_not === null ? html`<b class="good">matches</b>` : html`<span class="note">${why_not}</span>`}
      </li>`,
    )}
    ${
      route === null
        ? html`<li><span class="error">No route matches.</span></li>`
        : html`<li><b>Action</b> ${route.action} ${route.cluster !== "" && html`<a href=${linkTo("traffic", `cluster ${route.cluster}`)}>${route.cluster}</a>`}
            ${route.location} ${route.status > 0 ? route.status : ""}
            <span class="note">${route.cluster === "" ? "" : `timeout ${duration(route.timeout_ms)}`}${route.retry_on.length > 0 ? `, retries on ${route.retry_on.join(", ")}` : ""}</span></li>`
    }
    <li><b>HTTP filters</b> ${filters.map(({ name, disabled }) => (disabled ? `${name} (disabled)` : name)).join(", ")}</li>`;
}

function hostTable(cluster: ExplainedCluster): VNode {
  return dataTable<ExplainedHost>({
    caption: `Cluster ${cluster.name}: ${cluster.healthy} of ${cluster.host_count} hosts are healthy; ${cluster.discovery}, ${cluster.load_balancer}${cluster.watched === false ? ". No health checks, no outlier detection: hosts count as healthy even if they are down" : ""}`,
    rows: cluster.hosts,
    rowKey: ({ address }) => address,
    rowClass: ({ health, in_subset }) => (!in_subset ? "out" : health === "healthy" ? "" : "bad"),
    empty: "It has no host.",
    columns: [
      {
        head: "Host",
        cell: ({ address }) => html`<a href=${linkTo("traffic", `host ${cluster.name} ${address}`)}>${address}</a>`,
      },
      ...(cluster.subset === null
        ? []
        : [{ head: "In subset", cell: ({ in_subset }: ExplainedHost) => (in_subset ? "yes" : "no") }]),
      { head: "Health", cell: ({ health, flags }) => [health, ...flags].join(", ") },
      { head: "Weight", number: true, cell: ({ weight }) => weight },
      { head: "Priority", number: true, cell: ({ priority }) => priority },
      { head: "Zone", cell: ({ zone }) => zone || "–" },
      { head: "Requests under way", number: true, cell: ({ active_requests }) => active_requests },
    ],
  });
}
