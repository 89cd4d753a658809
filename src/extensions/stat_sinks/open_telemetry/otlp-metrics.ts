import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { HistogramBuckets } from "../../../stats/histogram-buckets.ts";
import type { MergedBase, MergedHistogram, StatsSnapshot } from "../../../stats/merged-stat.ts";
import type { TagProducer } from "../../../stats/tag/tag-producer.ts";
import { hrTime } from "../../opentelemetry/hr-time.ts";
import type { OpenTelemetrySinkData } from "./open-telemetry-sink-data.ts";

type ResourceMetrics = Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0];

/** Numbers of OpenTelemetry's SDK for metrics. */
const TEMPORALITY = { delta: 0, cumulative: 1 } as const;
const HISTOGRAM = 0;
const GAUGE = 2;
const SUM = 3;
const INTEGER = 0;
const RESOURCE = { attributes: {}, getRawAttributes: () => [] };

interface DataPoint {
  readonly startTime: [number, number];
  readonly endTime: [number, number];
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: unknown;
}

interface Metric {
  readonly descriptor: object;
  readonly aggregationTemporality: number;
  readonly dataPointType: number;
  readonly isMonotonic: boolean;
  readonly dataPoints: DataPoint[];
}

/** What a histogram has so far, bucket by bucket. */
interface HistogramTotals {
  readonly count: number;
  readonly sum: number;
  readonly counts: readonly number[];
}

/**
 * Writes stats as `ExportMetricsServiceRequest`: counters as monotonic sums, gauges as they are, histograms with the bounds of their buckets. What was
 * never used is left out. Stats that share a name without tags are data points of one metric. Source: Envoy's `OtlpMetricsFlusherImpl`.
 */
export class OtlpMetricsWriter {
  readonly #data: OpenTelemetrySinkData;
  readonly #tags: TagProducer;
  readonly #buckets: HistogramBuckets;
  readonly #startMs: number;
  #lastMs: number;
  /** What each counter stood at when it was last written. */
  #sent = new Map<string, number>();
  #before: ReadonlyMap<string, number> = this.#sent;
  /** The same of each histogram, if differences are sent: of intervals that were skipped nothing is lost. */
  #sentHistograms = new Map<string, HistogramTotals>();
  #histogramsBefore: ReadonlyMap<string, HistogramTotals> = this.#sentHistograms;

  /** `startMs`: since when the stats are counted. Times are in milliseconds since the epoch. */
  constructor(data: OpenTelemetrySinkData, tags: TagProducer, buckets: HistogramBuckets, startMs: number) {
    this.#data = data;
    this.#tags = tags;
    this.#buckets = buckets;
    this.#startMs = startMs;
    this.#lastMs = startMs;
  }

  /** The message in protobuf's binary form, of what has come since the last one. */
  next(stats: StatsSnapshot, nowMs: number): Uint8Array {
    const { counterDeltas, histogramDeltas } = this.#data;
    const metrics = new Map<string, Metric>();
    this.#before = this.#sent;
    this.#sent = new Map();
    this.#histogramsBefore = this.#sentHistograms;
    this.#sentHistograms = new Map();
    for (const counter of stats.counters()) {
      if (!counter.used) continue;
      const value = counterDeltas ? this.#growth(counter.name, counter.value) : counter.value;
      this.#add(metrics, counter, SUM, counterDeltas, value, nowMs);
    }
    for (const gauge of stats.gauges()) {
      if (gauge.used) this.#add(metrics, gauge, GAUGE, false, Math.trunc(gauge.value), nowMs);
    }
    for (const histogram of stats.histograms()) {
      if (histogram.used) this.#add(metrics, histogram, HISTOGRAM, histogramDeltas, this.#valueOf(histogram), nowMs);
    }
    this.#lastMs = nowMs;
    const scopeMetrics = [{ scope: { name: "" }, metrics: [...metrics.values()] }];
    const message = { resource: RESOURCE, scopeMetrics } as unknown as ResourceMetrics;
    return ProtobufMetricsSerializer.serializeRequest(message) ?? new Uint8Array();
  }

  #add(
    metrics: Map<string, Metric>,
    stat: MergedBase,
    dataPointType: number,
    isDelta: boolean,
    value: unknown,
    nowMs: number,
  ): void {
    const { tagExtractedName, tagsAsAttributes, prefix } = this.#data;
    const tagged = tagExtractedName || tagsAsAttributes ? this.#tags.tagsOf(stat) : null;
    const bare = tagExtractedName ? tagged!.extractedName : stat.name;
    const name = prefix === "" ? bare : `${prefix}.${bare}`;
    const key = `${dataPointType} ${name}`;
    let metric = metrics.get(key);
    if (metric === undefined) {
      metric = {
        descriptor: { name, description: "", unit: "", valueType: INTEGER },
        aggregationTemporality: isDelta ? TEMPORALITY.delta : TEMPORALITY.cumulative,
        dataPointType,
        isMonotonic: true,
        dataPoints: [],
      };
      metrics.set(key, metric);
    }
    const attributes: Record<string, string> = Object.create(null);
    if (tagsAsAttributes) for (const tag of tagged!.tags) attributes[tag.name] = tag.value;
    const startTime = hrTime(isDelta ? this.#lastMs : this.#startMs);
    metric.dataPoints.push({ startTime, endTime: hrTime(nowMs), attributes, value });
  }

  /** What a counter grew by. Less than before: somebody has reset the counters. */
  #growth(name: string, value: number): number {
    const before = this.#before.get(name) ?? 0;
    this.#sent.set(name, value);
    return value < before ? value : value - before;
  }

  #valueOf({ name, cumulative }: MergedHistogram): object {
    const { count, sum } = cumulative;
    const boundaries = this.#buckets.boundsFor(name);
    const below = cumulative.countsBelow(boundaries);
    const counts = below.map((upTo, i) => upTo - (below[i - 1] ?? 0));
    counts.push(count - (below.at(-1) ?? 0));
    const totals = { count, sum, counts };
    const value = this.#data.histogramDeltas ? this.#histogramGrowth(name, totals) : totals;
    return { count: value.count, sum: value.sum, buckets: { boundaries, counts: value.counts } };
  }

  #histogramGrowth(name: string, totals: HistogramTotals): HistogramTotals {
    const before = this.#histogramsBefore.get(name);
    this.#sentHistograms.set(name, totals);
    if (before === undefined || totals.count < before.count) return totals;
    const counts = totals.counts.map((count, i) => count - (before.counts[i] ?? 0));
    return { count: totals.count - before.count, sum: totals.sum - before.sum, counts };
  }
}
