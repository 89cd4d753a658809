import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
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
  connectedParts,
  type TrafficModel,
  type TrafficNode,
  trafficModel,
} from "../traffic-model.ts";
import { TrafficPanel } from "../traffic-panel.ts";

interface ListenerDump {
  /** Not there if there is none. */
  readonly configs?: readonly { readonly listener: unknown }[];
}

/** What the picture says of a part at the moment. */
interface LiveWords {
  /** Its second line. */
  readonly noteOf: (node: TrafficNode) => string;
  /** Its rate, or how much of it is open; `""` if neither is known. */
  readonly figureOf: (node: TrafficNode) => string;
  /** Requests per second from one part to another; 0 if that is not known. */
  readonly flowOf: (from: string, to: string) => number;
}

const EVERY_MS = 2000;
/** Of a proxy with more clusters the list of all hosts is long: it is asked for less often. */
const MANY_CLUSTERS = 300;
const SELDOM_MS = 30_000;

const HEADINGS = { listener: "Listeners", chain: "Filter chains", route: "Routes", cluster: "Clusters", host: "Hosts" };

/** From listeners to hosts as one picture, with what goes through it. */
export function TrafficView({ chosen }: { readonly chosen: string }): VNode {
  const { latest, rates } = useLive();
  const [filter, setFilter] = useState("");
  const [place, width] = useWidth();
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
  const listeners = dump.value?.configs?.map(({ listener }) => listener) ?? [];
  const clusters = state.value?.cluster_statuses ?? [];
  const model = useMemo(() => trafficModel(listeners, clusters, filter), [dump.value, state.value, filter]);
  const layout = useMemo(() => layOut(model, width), [model, width]);
  const byId = useMemo(() => new Map(model.nodes.map((each) => [each.id, each])), [model]);
  const own = (node: TrafficNode): number | undefined => {
    if (node.kind === "host") {
      const cluster = node.item.slice("cluster ".length);
      return perHost.get(hostKey(cluster, (node.config as ClusterHost).address));
    }
    const part = rates?.parts.get(node.statKey);
    return part?.downstream_rq_total ?? part?.upstream_rq_total;
  };
  const rateOf = (id: string): number | undefined => {
    const found = byId.get(model.onlyWays.get(id) ?? id);
    return found === undefined ? undefined : own(found);
  };
  const words: LiveWords = {
    noteOf: (each) => {
      const fails = each.kind === "cluster" ? (rates?.parts.get(each.statKey)?.upstream_cx_connect_fail ?? 0) : 0;
      return fails > 0 ? `${shortNumber(fails)}/s can't connect` : each.note;
    },
    figureOf: (each) => {
      if (each.kind === "listener") {
        const part = latest?.sample.parts.find(({ kind, name }) => `${kind} ${name}` === each.statKey);
        return part === undefined ? "" : `${shortNumber(part.values.downstream_cx_active ?? 0)} open`;
      }
      const rate = rateOf(each.id);
      return rate === undefined ? "" : `${shortNumber(rate)}/s`;
    },
    // What comes from a route is the route's: several may lead to one cluster.
    flowOf: (from, to) => rateOf(byId.get(from)?.kind === "route" ? from : to) ?? 0,
  };
  const node = model.nodes.find(({ id }) => id === chosen);
  const problem = dump.problem || state.problem;
  const answered = state.value !== undefined && dump.value !== undefined;
  return html`<div class=${node === undefined ? "traffic" : "traffic with-side"}>
    <section ref=${place}>
      <h2>Traffic</h2>
      ${problem !== "" && html`<p class="alert">${problem}</p>`}
      <p class="filters"><label>Only ways with
        <input type="search" placeholder="a name, path or address" value=${filter} onInput=${(event: InputEvent) => setFilter((event.target as HTMLInputElement).value)} />
      </label>${node !== undefined && filter !== node.label && html`<button onClick=${() => setFilter(node.label)}>Only those of ${node.label}</button>`}${leftOut(model)}</p>
      ${model.nodes.length === 0 || !answered ? empty(filter, answered) : html`<${Picture} model=${model} layout=${layout} chosen=${node === undefined ? "" : chosen} words=${words} />`}
      ${chosen !== "" && node === undefined && state.value !== undefined && html`<p class="note">There is no ${chosen}${filter === "" ? "" : " among these"}.</p>`}
    </section>
    ${node !== undefined && html`<${TrafficPanel} key=${node.id} node=${node} version=${version} />`}
  </div>` as VNode;
}

function empty(filter: string, answered: boolean): unknown {
  if (!answered) return html`<p class="note">Asking …</p>`;
  return html`<div class="card empty">
    <b>${filter === "" ? "The configuration has no listener and no cluster." : "Nothing has this in it."}</b>
  </div>`;
}

function leftOut({ leftOut: counts }: TrafficModel): unknown {
  const texts = COLUMNS.filter((kind) => counts[kind] > 0).map(
    (kind) => `${shortNumber(counts[kind])} more ${HEADINGS[kind].toLowerCase()}`,
  );
  return texts.length > 0 && html`<span class="note">There is no room for ${texts.join(", ")}.</span>`;
}

interface PictureProps {
  readonly model: TrafficModel;
  readonly layout: TrafficLayout;
  readonly chosen: string;
  readonly words: LiveWords;
}

function Picture({ model, layout, chosen, words }: PictureProps): VNode {
  const { nodeWidth, width, height, spots, lines } = layout;
  const { noteOf, figureOf, flowOf } = words;
  const ways = useMemo(() => (chosen === "" ? null : connectedParts(model.edges, [chosen])), [model, chosen]);
  // A link from another view may lead to a part far down.
  useEffect(() => {
    document.querySelector(".node[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  return html`<div class="picture" role="region" aria-label="From listeners to hosts" tabindex="0">
    <div class="headings" style=${{ width: `${width}px` }}>
      ${COLUMNS.map((kind) => html`<h3 key=${kind} style=${{ width: `${nodeWidth}px` }}>${HEADINGS[kind]}</h3>`)}
    </div>
    <div class=${`canvas ${ways === null ? "" : "focused"} ${nodeWidth < 165 ? "narrow" : ""}`} style=${{ width: `${width}px`, height: `${height}px` }}>
      <svg width=${width} height=${height} aria-hidden="true">
        ${lines.map(({ from, to, path }) => {
          const rate = flowOf(from, to);
          const onWay = ways?.has(from) === true && ways.has(to);
          return html`<path key=${`${from} ${to}`} d=${path} class=${onWay ? "on" : rate > 0 ? "busy" : ""} stroke-width=${1.5 + Math.min(Math.log10(1 + rate), 4.5)} />`;
        })}
      </svg>
      ${model.nodes.map((node) => {
        const { x, y } = spots.get(node.id)!;
        const figure = figureOf(node);
        const note = noteOf(node);
        const isUnwell = node.unwell || note !== node.note;
        const health = isUnwell ? "bad" : node.kind === "cluster" || node.kind === "host" ? "good" : "";
        return html`<a key=${node.id} data-node=${node.id} class=${`node ${health} ${ways?.has(node.id) === true ? "on" : ""}`} href=${linkTo("traffic", node.id)}
          title=${`${node.label}\n${note}`} aria-current=${node.id === chosen ? "true" : undefined}
          style=${{ left: `${x}px`, top: `${y}px`, width: `${nodeWidth}px`, height: `${NODE.height}px` }}>
          <span class="label">${node.label}</span>
          <span class="second"><span class="state">${note}</span>${figure !== "" && html`<b>${figure}</b>`}</span>
        </a>`;
      })}
    </div>
  </div>` as VNode;
}

/** The width that an element has, and the way to say which. */
function useWidth(): readonly [ref: { current: HTMLElement | null }, width: number] {
  const place = useRef<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [place, width];
}
