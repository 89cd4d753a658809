import type { MergedStat } from "./merged-stat.ts";
import type { StatType } from "./stat-kind.ts";

/** How histograms are shown; Envoy's `histogram_buckets` parameter. `summary` is `none` outside Prometheus. */
export const HISTOGRAM_VIEWS = ["none", "cumulative", "disjoint", "detailed", "summary"] as const;
export type HistogramView = (typeof HISTOGRAM_VIEWS)[number];

/** Which stats a page shows, and how. */
export interface StatsQuery {
  /** Leave out what has never been counted, set or recorded. */
  readonly usedOnly: boolean;
  /** Show one type only. */
  readonly type: StatType | "all";
  /** Show the names that pass only. */
  readonly filter: ((name: string) => boolean) | undefined;
  readonly histogramView: HistogramView;
  /** Prometheus only: show text readouts as gauges of value 1 with the text in a label. */
  readonly textReadouts: boolean;
}

/** Shows everything, the way Envoy does without parameters. */
export const showEverything: StatsQuery = {
  usedOnly: false,
  type: "all",
  filter: undefined,
  histogramView: "none",
  textReadouts: false,
};

/** Those of `stats` that the query asks for. */
export function* selectStats<S extends MergedStat>(stats: readonly S[], query: StatsQuery): Generator<S> {
  for (const stat of stats) {
    if (query.type !== "all" && query.type !== stat.type) continue;
    if (query.usedOnly && !stat.used) continue;
    if (query.filter !== undefined && !query.filter(stat.name)) continue;
    yield stat;
  }
}
