import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OpenTelemetrySinkData } from "../../../../../src/extensions/stat_sinks/open_telemetry/open-telemetry-sink-data.ts";
import { OtlpMetricsWriter } from "../../../../../src/extensions/stat_sinks/open_telemetry/otlp-metrics.ts";
import { HistogramBuckets } from "../../../../../src/stats/histogram-buckets.ts";
import { bucketOf } from "../../../../../src/stats/log-linear-bucket.ts";
import { HistogramCell } from "../../../../../src/stats/merge-cells.ts";
import { TagProducer } from "../../../../../src/stats/tag/tag-producer.ts";
import { readOtlpMetrics } from "../../../../harness/otlp-metrics-reader.ts";

const DATA = {
  counterDeltas: true,
  histogramDeltas: true,
  tagsAsAttributes: false,
  tagExtractedName: false,
  prefix: "",
} as OpenTelemetrySinkData;

describe("OtlpMetricsWriter", () => {
  it("gives what has come to a histogram since the last message, also in intervals that it was not asked for", () => {
    const buckets = new HistogramBuckets([]);
    const writer = new OtlpMetricsWriter(DATA, new TagProducer([], true), buckets, 0);
    const cell = new HistogramCell("time", "ms");
    const record = (...values: readonly number[]): void => {
      for (const value of values) {
        cell.addBucket(bucketOf(value), 1);
        cell.addSum(value);
      }
    };
    const stats = { counters: () => [], gauges: () => [], histograms: () => [cell], textReadouts: () => [] };
    const next = () => {
      const [point] = readOtlpMetrics(writer.next(stats, 1));
      return { value: point!.value, sum: point!.sum, counts: point!.counts.filter((count) => count > 0) };
    };
    record(1, 50);
    cell.turn();
    assert.deepEqual(next(), { value: 2, sum: 51, counts: [1, 1] });
    record(60);
    cell.turn();
    // This interval is skipped: the collector has not answered yet.
    record(70);
    cell.turn();
    assert.deepEqual(next(), { value: 2, sum: 130, counts: [2] });
    assert.deepEqual(next(), { value: 0, sum: 0, counts: [] });
  });
});
