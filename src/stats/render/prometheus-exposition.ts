import { Registry } from "prom-client";
import type { HistogramBuckets } from "../histogram-buckets.ts";
import { SHOWN_QUANTILES } from "../histogram-distribution.ts";
import type { MergedHistogram, MergedStat, StatsSnapshot } from "../merged-stat.ts";
import { type StatsQuery, selectStats } from "../stats-query.ts";
import type { StatTag } from "../tag/stat-tag.ts";
import type { TagProducer } from "../tag/tag-producer.ts";
import { type FamilyType, renderFamily, type Sample } from "./prometheus-family.ts";

/** The content type of what `renderPrometheus` gives. */
export const PROMETHEUS_CONTENT_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** How many stats are sorted into families between two pieces. */
const BREATH = 2000;

type Labels = Record<string, string>;

/**
 * The Prometheus exposition: Envoy's names (`envoy_` and the name without its tags) and labels. Reads only what the main
 * thread has, so no worker can delay it. Gives pieces to be sent as they come; a piece may
 * be empty.
 *
 * Differs from Envoy: two stats of different types under one name (Prometheus would refuse the whole page) are kept
 * apart by the type at the end of the second one's name; HELP lines are given, with the name as Envoy writes it.
 */
export async function* renderPrometheus(
  snapshot: StatsSnapshot,
  query: StatsQuery,
  tags: TagProducer,
  buckets: HistogramBuckets,
): AsyncGenerator<string> {
  const registry = new Registry();
  const taken = new Set<string>();
  const render = async function* <S extends MergedStat>(
    stats: readonly S[],
    type: FamilyType,
    samplesOf: (stat: S, labels: Labels, name: string) => Sample[],
  ): AsyncGenerator<string> {
    const groups = new Map<string, S[]>();
    let seen = 0;
    for (const stat of selectStats(stats, query)) {
      addTo(groups, tags.tagsOf(stat).extractedName, stat);
      // Tags are worked out at the first rendering; whoever sends the pieces gets a chance to do other things.
      if (++seen % BREATH === 0) yield "";
    }
    for (const [extractedName, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const plainName = `envoy_${sanitize(extractedName)}`;
      const name = taken.has(plainName) ? `${plainName}_${type}` : plainName;
      taken.add(name);
      const samples = group.flatMap((stat) => samplesOf(stat, labelsOf(tags.tagsOf(stat).tags), name));
      yield* renderFamily(registry, name, type, extractedName, samples);
    }
  };
  yield* render(snapshot.counters(), "counter", ({ value }, labels) => [{ value, labels }]);
  yield* render(snapshot.gauges(), "gauge", ({ value }, labels) => [{ value, labels }]);
  if (query.textReadouts) {
    yield* render(snapshot.textReadouts(), "gauge", ({ text }, labels) => [
      { value: 1, labels: { ...labels, text_value: text } },
    ]);
  }
  if (query.histogramView === "summary") yield* render(snapshot.histograms(), "summary", summarySamples);
  else {
    yield* render(snapshot.histograms(), "histogram", (histogram, labels, name) =>
      histogramSamples(histogram, labels, name, buckets.boundsFor(histogram.name)),
    );
  }
}

function addTo<S>(groups: Map<string, S[]>, key: string, stat: S): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [stat]);
  else group.push(stat);
}

function sanitize(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, "_");
}

function labelsOf(tags: readonly StatTag[]): Labels {
  return Object.fromEntries(tags.map(({ name, value }) => [labelName(name), value]));
}

/** Label names may not start with a digit, which only a tag of the operator's could. */
function labelName(tagName: string): string {
  const name = sanitize(tagName);
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

function histogramSamples(
  histogram: MergedHistogram,
  labels: Labels,
  name: string,
  bounds: readonly number[],
): Sample[] {
  const { cumulative } = histogram;
  const counts = cumulative.countsBelow(bounds);
  const samples: Sample[] = bounds.map((bound, i) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: String(bound) },
    value: counts[i]!,
  }));
  samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: cumulative.count });
  return [...samples, ...totals(histogram, labels, name)];
}

/** Quantiles are those of the last interval; sum and count go on growing. */
function summarySamples(histogram: MergedHistogram, labels: Labels, name: string): Sample[] {
  const values = histogram.interval.quantiles(SHOWN_QUANTILES);
  const samples: Sample[] = SHOWN_QUANTILES.map((quantile, i) => ({
    labels: { ...labels, quantile: String(quantile) },
    value: values[i]!,
  }));
  return [...samples, ...totals(histogram, labels, name)];
}

function totals({ cumulative }: MergedHistogram, labels: Labels, name: string): Sample[] {
  return [
    { metricName: `${name}_sum`, labels, value: cumulative.sum },
    { metricName: `${name}_count`, labels, value: cumulative.count },
  ];
}
