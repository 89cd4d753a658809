import type { HistogramBuckets } from "../histogram-buckets.ts";
import { type HistogramDistribution, SHOWN_QUANTILES } from "../histogram-distribution.ts";
import type { MergedHistogram, StatsSnapshot } from "../merged-stat.ts";
import { type HistogramView, type StatsQuery, selectStats } from "../stats-query.ts";
import { ChunkBuffer } from "./chunk-buffer.ts";
import { plainStats } from "./plain-stats.ts";
import { countsPerBound } from "./render-text.ts";

const PERCENTILES = JSON.stringify(SHOWN_QUANTILES.map((quantile) => quantile * 100));

/**
 * Envoy's `/stats?format=json`: `{"stats":[{"name","value"},…,{"histograms":…}]}`. Gives pieces to be sent as they come.
 */
export function* renderStatsJson(
  snapshot: StatsSnapshot,
  query: StatsQuery,
  buckets: HistogramBuckets,
): Generator<string> {
  const out = new ChunkBuffer();
  let separator = "";
  out.add('{"stats":[');
  for (const stat of plainStats(snapshot, query)) {
    const value = stat.type === "textReadout" ? JSON.stringify(stat.text) : String(stat.value);
    if (out.add(`${separator}{"name":${JSON.stringify(stat.name)},"value":${value}}`)) yield out.take();
    separator = ",";
  }
  let tail = "";
  for (const histogram of selectStats(snapshot.histograms(), query)) {
    if (tail === "") {
      const [head, end] = HISTOGRAM_FRAME[query.histogramView];
      out.add(`${separator}${head}`);
      tail = end;
      separator = "";
    }
    if (out.add(`${separator}${histogramJson(histogram, query.histogramView, buckets)}`)) yield out.take();
    separator = ",";
  }
  out.add(`${tail}]}`);
  yield out.take();
}

/** What stands before the first and after the last histogram. */
const HISTOGRAM_FRAME: Record<HistogramView, readonly [string, string]> = {
  none: [`{"histograms":{"supported_quantiles":${PERCENTILES},"computed_quantiles":[`, "]}}"],
  summary: [`{"histograms":{"supported_quantiles":${PERCENTILES},"computed_quantiles":[`, "]}}"],
  cumulative: ['{"histograms":[', "]}"],
  disjoint: ['{"histograms":[', "]}"],
  detailed: [`{"histograms":{"supported_percentiles":${PERCENTILES},"details":[`, "]}}"],
};

function histogramJson(histogram: MergedHistogram, view: HistogramView, buckets: HistogramBuckets): string {
  const { name } = histogram;
  switch (view) {
    case "none":
    case "summary":
      return JSON.stringify({ name, values: quantileValues(histogram) });
    case "cumulative":
    case "disjoint":
      return JSON.stringify({ name, buckets: bucketValues(histogram, view, buckets.boundsFor(name)) });
    case "detailed":
      return JSON.stringify({
        name,
        totals: detailValues(histogram.cumulative),
        intervals: detailValues(histogram.interval),
        percentiles: quantileValues(histogram),
      });
  }
}

/** NaN, which JSON doesn't know, turns into null. */
function quantileValues(histogram: MergedHistogram): object[] {
  const interval = histogram.interval.quantiles(SHOWN_QUANTILES);
  return histogram.cumulative
    .quantiles(SHOWN_QUANTILES)
    .map((cumulative, i) => ({ cumulative, interval: interval[i] }));
}

function bucketValues(
  histogram: MergedHistogram,
  view: "cumulative" | "disjoint",
  bounds: readonly number[],
): object[] {
  const interval = countsPerBound(histogram.interval, bounds, view);
  const cumulative = countsPerBound(histogram.cumulative, bounds, view);
  return bounds.map((bound, i) => ({ upper_bound: bound, interval: interval[i], cumulative: cumulative[i] }));
}

function detailValues(distribution: HistogramDistribution): object[] {
  return distribution.details().map(({ lowerBound, width, count }) => ({ lower_bound: lowerBound, width, count }));
}
