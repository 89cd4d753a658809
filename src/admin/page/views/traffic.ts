import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { shortNumber } from "../format.ts";
import { hostKey, useHostRates } from "../host-rates.ts";
import { html } from "../html.ts";
import { useLive } from "../live.ts";
import { usePolled } from "../polled.ts";
import { linkTo } from "../route.ts";
import { layOut, NODE, type TrafficLayout } from "../traffic-layout.ts";
import {
  type ClusterHost,
  type ClusterState,
  COLUMNS,
  type TrafficModel,
  type TrafficNode,
  trafficModel,
} from "../traffic-model.ts";
import { TrafficPanel } from "../traffic-panel.ts";

interface ListenerDump {
  readonly configs: readonly { readonly listener: unknown }[];
}

/** What the picture says of a part at the moment. */
interface LiveWords {
  /** Its second line. */
  readonly noteOf: (node: TrafficNode) => string;
  /** Its rate, or how much of it is open; `""` if neither is known. */
  readonly figureOf: (node: TrafficNode) => string;
  /** Requests per second, by id. */
  readonly rateOf: (id: string) => number | undefined;
}

const EVERY_MS = 2000;
/** Of a proxy with more clusters the list of all hosts is long: it is asked for less often. */
const MANY_CLUSTERS = 300;
const SELDOM_MS = 30_000;

const HEADINGS = { listener: "Listeners", chain: "Filter chains", route: "Routes", cluster: "Clusters", host: "Hosts" };

/** From listeners to hosts as one picture, with what goes through it. */
export function TrafficView({ chosen }: { readonly chosen: string }): VNode {
  const { latest, rates } = useLive();
  const version = latest?.sample.version ?? 0;
  const dump = usePolled<ListenerDump>(
    version === 0 ? "" : `/config_dump?resource=static_listeners&version=${version}`,
    0,
  );
  const known = latest?.sample.parts.filter(({ kind }) => kind === "cluster").length ?? 0;
  const left = latest?.sample.parts_left_out ?? 0;
  const state = usePolled<{ readonly cluster_statuses?: readonly ClusterState[] }>(
    "/clusters?format=json",
    known + left > MANY_CLUSTERS ? SELDOM_MS : EVERY_MS,
  );
  const perHost = useHostRates(state.value?.cluster_statuses);
  const model = useMemo(
    () => trafficModel(dump.value?.configs.map(({ listener }) => listener) ?? [], state.value?.cluster_statuses ?? []),
    [dump.value, state.value],
  );
  const layout = useMemo(() => layOut(model), [model]);
  const own = (node: TrafficNode): number | undefined => {
    if (node.kind === "host") {
      const cluster = node.item.slice("cluster ".length);
      return perHost.get(hostKey(cluster, (node.config as ClusterHost).address));
    }
    const part = rates?.parts.get(node.statKey);
    return part?.downstream_rq_total ?? part?.upstream_rq_total;
  };
  const byId = new Map(model.nodes.map((each) => [each.id, each]));
  const only = useMemo(() => onlyWays(model), [model]);
  const rateOf = (id: string): number | undefined => {
    const found = byId.get(only.get(id) ?? id);
    return found === undefined ? undefined : own(found);
  };
  const noteOf = (each: TrafficNode): string => {
    const fails = each.kind === "cluster" ? (rates?.parts.get(each.statKey)?.upstream_cx_connect_fail ?? 0) : 0;
    return fails > 0 ? `${shortNumber(fails)}/s can't connect` : each.note;
  };
  const figureOf = (each: TrafficNode): string => {
    if (each.kind === "listener") {
      const part = latest?.sample.parts.find(({ kind, name }) => `${kind} ${name}` === each.statKey);
      return part === undefined ? "" : `${shortNumber(part.values.downstream_cx_active ?? 0)} open`;
    }
    const rate = rateOf(each.id);
    return rate === undefined ? "" : `${shortNumber(rate)}/s`;
  };
  const node = model.nodes.find(({ id }) => id === chosen);
  const problem = dump.problem || state.problem;
  return html`<div class="traffic">
    <h2>Traffic</h2>
    ${problem !== "" && html`<p class="alert">${problem}</p>`}
    ${leftOut(model)}
    ${picture(model, layout, chosen, { noteOf, figureOf, rateOf })}
    ${node !== undefined && html`<${TrafficPanel} key=${node.id} node=${node} version=${version} />`}
    ${chosen !== "" && node === undefined && state.value !== undefined && html`<p class="note">There is no ${chosen}.</p>`}
  </div>` as VNode;
}

function leftOut({ leftOut: counts }: TrafficModel): unknown {
  const texts = COLUMNS.filter((kind) => counts[kind] > 0).map(
    (kind) => `${shortNumber(counts[kind])} more ${HEADINGS[kind].toLowerCase()}`,
  );
  return texts.length > 0 && html`<p class="note">There is no room for ${texts.join(", ")}.</p>`;
}

function picture(
  model: TrafficModel,
  { width, height, spots, lines }: TrafficLayout,
  chosen: string,
  { noteOf, figureOf, rateOf }: LiveWords,
): VNode {
  return html`<div class="picture" role="region" aria-label="From listeners to hosts" tabindex="0">
    <div class="headings" style=${{ width: `${width}px` }}>
      ${COLUMNS.map((kind) => html`<h3 key=${kind} style=${{ width: `${NODE.width}px` }}>${HEADINGS[kind]}</h3>`)}
    </div>
    <div class="canvas" style=${{ width: `${width}px`, height: `${height}px` }}>
      <svg width=${width} height=${height} aria-hidden="true">
        ${lines.map(({ from, to, path }) => {
          const rate = rateOf(to) ?? 0;
          const kind = from === chosen || to === chosen ? "on" : rate > 0 ? "busy" : "";
          return html`<path key=${`${from} ${to}`} d=${path} class=${kind} stroke-width=${1.5 + Math.min(Math.log10(1 + rate), 4.5)} />`;
        })}
      </svg>
      ${model.nodes.map((node) => {
        const { x, y } = spots.get(node.id)!;
        const figure = figureOf(node);
        const note = noteOf(node);
        return html`<a key=${node.id} data-node=${node.id} class=${`node ${note === node.note ? health(node) : "bad"}`} href=${linkTo("traffic", node.id)}
          aria-current=${node.id === chosen ? "true" : undefined}
          style=${{ left: `${x}px`, top: `${y}px`, width: `${NODE.width}px`, height: `${NODE.height}px` }}>
          <span class="label">${node.label}</span>
          <span class="second"><span class="state">${note}</span>${figure !== "" && html`<b>${figure}</b>`}</span>
        </a>`;
      })}
    </div>
  </div>` as VNode;
}

/**
 * Routes have no statistics of their own, but when a route leads to one cluster only, and nothing else leads there, its requests are those
 * of the cluster. By the route's id.
 */
function onlyWays({ nodes, edges }: TrafficModel): ReadonlyMap<string, string> {
  const count = (end: "from" | "to", id: string): number => edges.filter((edge) => edge[end] === id).length;
  const routes = new Set(nodes.filter(({ kind }) => kind === "route").map(({ id }) => id));
  const alone = edges.filter(({ from, to }) => routes.has(from) && count("from", from) === 1 && count("to", to) === 1);
  return new Map(alone.map(({ from, to }) => [from, to]));
}

/** How a part looks: hosts and clusters may be unwell. */
function health({ kind, note }: TrafficNode): string {
  if (kind === "host") return note === "healthy" ? "" : "bad";
  const [, healthy, all] = kind === "cluster" ? (/^(\d+) of (\d+) healthy$/.exec(note) ?? []) : [];
  return healthy === all ? "" : "bad";
}
