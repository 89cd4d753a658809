import type { ComponentChild, VNode } from "preact";
import type { LivePart, LiveSample } from "../live/live-sample.ts";
import { dataTable } from "./data-table.ts";
import { shortNumber } from "./format.ts";
import { html } from "./html.ts";
import { partKey, type Rates } from "./rates.ts";
import { linkTo } from "./route.ts";

/** So many clusters are listed; the picture of the traffic has more. */
const MAX_CLUSTERS = 8;

/** A cluster, what went on in the last second, and how much has failed since the start: by that the order does not jump about. */
interface BusyCluster {
  readonly part: LivePart;
  readonly perSecond: Readonly<Record<string, number>>;
  readonly failing: number;
}

/** The clusters of a sample that failed or did most, in a table. */
export function busyClusters(sample: LiveSample, rates: Rates | undefined): VNode {
  const all = sample.parts.flatMap((part): BusyCluster[] => {
    if (part.kind !== "cluster") return [];
    const perSecond = rates?.parts.get(partKey(part)) ?? {};
    const { upstream_rq_5xx: failed = 0, upstream_cx_connect_fail: unconnected = 0 } = part.values;
    return [{ part, perSecond, failing: failed + unconnected }];
  });
  const busiest = all.sort(
    (a, b) => b.failing - a.failing || (b.part.values.upstream_rq_total ?? 0) - (a.part.values.upstream_rq_total ?? 0),
  );
  const value =
    (name: string) =>
    ({ part }: BusyCluster) =>
      shortNumber(part.values[name] ?? 0);
  const rate =
    (name: string) =>
    ({ perSecond }: BusyCluster) =>
      shortNumber(perSecond[name] ?? 0);
  const unwell = (name: string) => (row: BusyCluster) => {
    const isBad = (row.perSecond[name] ?? 0) > 0;
    return isBad ? html`<b class="error">${rate(name)(row)}</b>` : rate(name)(row);
  };
  const more =
    all.length > MAX_CLUSTERS
      ? `, the ${MAX_CLUSTERS} of ${shortNumber(all.length)} that failed or did most since the start`
      : "";
  return dataTable<BusyCluster>({
    caption: `Clusters${more}`,
    rows: busiest.slice(0, MAX_CLUSTERS),
    rowKey: ({ part }) => part.name,
    empty: "No cluster is in use.",
    columns: [
      {
        head: "Cluster",
        cell: ({ part: { name } }) => html`<a href=${linkTo("traffic", `cluster ${name}`)}>${name}</a>`,
      },
      { head: "Healthy hosts", number: true, cell: healthOf },
      { head: "Requests/s", number: true, cell: rate("upstream_rq_total") },
      { head: "5xx/s", number: true, cell: unwell("upstream_rq_5xx") },
      { head: "Can't connect/s", number: true, cell: unwell("upstream_cx_connect_fail") },
      { head: "Retries/s", number: true, cell: rate("upstream_rq_retry") },
      { head: "Under way", number: true, cell: value("upstream_rq_active") },
      { head: "Waiting", number: true, cell: value("upstream_rq_pending_active") },
      { head: "Connections", number: true, cell: value("upstream_cx_active") },
    ],
  });
}

function healthOf({ part: { values } }: BusyCluster): ComponentChild {
  const { membership_healthy: healthy = 0, membership_total: all = 0 } = values;
  const text = `${healthy} of ${all}`;
  return healthy === all && all > 0 ? text : html`<b class=${healthy === 0 ? "error" : "warn"}>${text}</b>`;
}
