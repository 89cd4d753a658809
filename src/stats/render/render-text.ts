import type { HistogramBuckets } from "../histogram-buckets.ts";
import { type DetailedBucket, type HistogramDistribution, SHOWN_QUANTILES } from "../histogram-distribution.ts";
import type { MergedHistogram, MergedStat, StatsSnapshot } from "../merged-stat.ts";
import { type HistogramView, type StatsQuery, selectStats } from "../stats-query.ts";
import { ChunkBuffer } from "./chunk-buffer.ts";
import { formatGeneral, formatShortest } from "./number-format.ts";
import { plainStats } from "./plain-stats.ts";

/**
 * Envoy's `/stats` page as text: `name: value` lines; text readouts first, then counters and gauges by name, then
 * histograms. Gives pieces to be sent as they come; what is shown is the state at the time of each piece.
 */
export function* renderStatsText(
  snapshot: StatsSnapshot,
  query: StatsQuery,
  buckets: HistogramBuckets,
): Generator<string> {
  const out = new ChunkBuffer();
  for (const stat of plainStats(snapshot, query)) {
    if (out.add(`${stat.name}: ${plainValue(stat)}\n`)) yield out.take();
  }
  for (const histogram of selectStats(snapshot.histograms(), query)) {
    const view = histogram.used ? histogramText(histogram, query.histogramView, buckets) : " No recorded values";
    if (out.add(`${histogram.name}:${view}\n`)) yield out.take();
  }
  yield out.take();
}

function plainValue(stat: Exclude<MergedStat, MergedHistogram>): string {
  return stat.type === "textReadout" ? `"${stat.text}"` : String(stat.value);
}

function histogramText(histogram: MergedHistogram, view: HistogramView, buckets: HistogramBuckets): string {
  switch (view) {
    case "none":
    case "summary":
      return ` ${quantileText(histogram)}`;
    case "cumulative":
    case "disjoint":
      return ` ${bucketText(histogram, view, buckets.boundsFor(histogram.name))}`;
    case "detailed":
      return `\n  totals=${detailText(histogram.cumulative)}\n  intervals=${detailText(histogram.interval)}\n  summary=${quantileText(histogram)}`;
  }
}

function quantileText(histogram: MergedHistogram): string {
  const interval = histogram.interval.quantiles(SHOWN_QUANTILES);
  const cumulative = histogram.cumulative.quantiles(SHOWN_QUANTILES);
  return SHOWN_QUANTILES.map(
    (quantile, i) =>
      `P${formatGeneral(quantile * 100)}(${formatShortest(interval[i]!)},${formatShortest(cumulative[i]!)})`,
  ).join(" ");
}

function bucketText(histogram: MergedHistogram, view: "cumulative" | "disjoint", bounds: readonly number[]): string {
  const interval = countsPerBound(histogram.interval, bounds, view);
  const cumulative = countsPerBound(histogram.cumulative, bounds, view);
  return bounds.map((bound, i) => `B${formatGeneral(bound)}(${interval[i]},${cumulative[i]})`).join(" ");
}

/** For each bound, the values up to it: all of them (`cumulative`), or only those beyond the bound before (`disjoint`). */
export function countsPerBound(
  distribution: HistogramDistribution,
  bounds: readonly number[],
  view: "cumulative" | "disjoint",
): number[] {
  const counts = distribution.countsBelow(bounds);
  if (view === "cumulative") return counts;
  return counts.map((count, i) => count - (counts[i - 1] ?? 0));
}

function detailText(distribution: HistogramDistribution): string {
  return distribution
    .details()
    .map(({ lowerBound, width, count }: DetailedBucket) => `${lowerBound},${width}:${count}`)
    .join(", ");
}
