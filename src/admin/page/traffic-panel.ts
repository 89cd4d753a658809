import type { VNode } from "preact";
import { dataTable } from "./data-table.ts";
import { shortNumber } from "./format.ts";
import { hostsNow, hostsOutOfUse, type MembershipCluster } from "./hosts-now.ts";
import { html } from "./html.ts";
import { JsonTree } from "./json-tree.ts";
import { useLive } from "./live.ts";
import { usePolled } from "./polled.ts";
import { linkTo } from "./route.ts";
import type { TrafficNode } from "./traffic-model.ts";

interface Places {
  readonly places: readonly {
    readonly kind: string;
    readonly name: string;
    readonly file: string;
    readonly line: number;
  }[];
}

/** How often hosts are asked for while a cluster or a host is looked at. */
const HOSTS_EVERY_MS = 2000;

interface ClusterDump {
  readonly configs?: readonly { readonly cluster: { readonly name: string } }[];
}

/** One part of the picture: its line in the file, its statistics, its configuration. */
export function TrafficPanel({ node, version }: { readonly node: TrafficNode; readonly version: number }): VNode {
  const { latest, rates } = useLive();
  const isCluster = node.kind === "cluster";
  const dump = usePolled<ClusterDump>(isCluster ? clusterDumpPath(node.label, version) : "", 0);
  const places = usePolled<Places>(`/config_places?version=${version}`, 0);
  const place = places.value?.places.find(({ kind, name }) => `${kind} ${name}` === node.item);
  const config = isCluster ? dump.value?.configs?.[0]?.cluster : node.config;
  const part = latest?.sample.parts.find(({ kind, name }) => `${kind} ${name}` === node.statKey);
  const perSecond = rates?.parts.get(node.statKey);
  return html`<section class="panel" aria-label=${`${node.kind} ${node.label}`}>
    <p class="close"><a href=${linkTo("traffic")}>close</a></p>
    <h2>${node.kind} ${node.label}</h2>
    ${place !== undefined && html`<p>In <code>${place.file}:${place.line}</code>${node.item === node.id ? "" : `, within ${node.item}`}</p>`}
    <${OutOfUse} node=${node} />
    <p class="ways">${waysFrom(node).map(({ label, link }) => html`<a key=${link} href=${link}>${label}</a>`)}</p>
    ${part !== undefined && statistics(Object.entries(part.values), perSecond)}
    <h3>${node.kind === "host" ? "State" : "Configuration"}</h3>
    ${config === undefined ? html`<p class="note">${dump.problem || "Not known."}</p>` : html`<${JsonTree} value=${config} />`}
  </section>` as VNode;
}

/** Where other views tell more of a part. */
function waysFrom({ kind, label, item }: TrafficNode): readonly { readonly label: string; readonly link: string }[] {
  switch (kind) {
    case "listener":
      return [{ label: "Its connections", link: linkTo("connections", `connections ${label}`) }];
    case "chain":
      return [{ label: "Connections of the listener", link: linkTo("connections", `connections ${item.slice(9)}`) }];
    case "route":
      return [{ label: "Explain a request", link: linkTo("explain") }];
    case "cluster":
    case "host":
      return [
        { label: "Failed requests", link: linkTo("errors", label) },
        { label: "Requests under way", link: linkTo("connections", `streams ${label}`) },
        { label: "Connection pools", link: linkTo("connections", `pools ${label}`) },
      ];
  }
}

/** Why a host, or hosts of a cluster, get no requests at the moment; nothing if all do. */
function OutOfUse({ node }: { readonly node: TrafficNode }): VNode | null {
  const hasHosts = node.kind === "cluster" || node.kind === "host";
  const path = hasHosts ? "/membership?format=json" : "";
  const { value } = usePolled<{ readonly clusters: readonly MembershipCluster[] }>(path, HOSTS_EVERY_MS);
  const cluster = value?.clusters.find((each) => `cluster ${each.cluster}` === node.item);
  if (cluster === undefined) return null;
  const texts =
    node.kind === "cluster"
      ? [hostsNow(cluster)]
      : hostsOutOfUse(cluster).flatMap(({ address, why }) => (address === node.label ? [why] : []));
  const said = texts.filter((text) => text !== "");
  return said.length === 0 ? null : (html`<p class="alert">${said.join("; ")}</p>` as VNode);
}

function clusterDumpPath(name: string, version: number): string {
  const exact = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return `/config_dump?resource=static_clusters&name_regex=${encodeURIComponent(exact)}&version=${version}`;
}

function statistics(
  values: readonly (readonly [name: string, value: number])[],
  rates: Readonly<Record<string, number>> | undefined,
): VNode {
  return dataTable<readonly [name: string, value: number]>({
    caption: "Statistics",
    rows: values,
    rowKey: ([name]) => name,
    empty: "Nothing was counted yet.",
    columns: [
      { head: "Name", cell: ([name]) => name },
      { head: "Value", number: true, cell: ([, value]) => value.toLocaleString("en-US") },
      {
        head: "per second",
        number: true,
        // What is now is no count: how it changes says nothing.
        cell: ([name]) => (/active|membership/.test(name) ? "" : shortNumber(rates?.[name] ?? 0)),
      },
    ],
  });
}
