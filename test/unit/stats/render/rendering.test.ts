import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HistogramBuckets } from "../../../../src/stats/histogram-buckets.ts";
import { PROMETHEUS_CONTENT_TYPE, renderPrometheus } from "../../../../src/stats/render/prometheus-exposition.ts";
import { renderStatsJson } from "../../../../src/stats/render/render-json.ts";
import { renderStatsText } from "../../../../src/stats/render/render-text.ts";
import type { StatsScope } from "../../../../src/stats/scope.ts";
import { everyStat } from "../../../../src/stats/stats-matcher.ts";
import { StatsMerge } from "../../../../src/stats/stats-merge.ts";
import { type StatsQuery, showEverything } from "../../../../src/stats/stats-query.ts";
import { StatsShard } from "../../../../src/stats/stats-shard.ts";
import { TagProducer } from "../../../../src/stats/tag/tag-producer.ts";

const fewBuckets = new HistogramBuckets([
  { match: { type: "prefix", value: "", ignoreCase: false }, buckets: [100, 1, 1_800_000] },
]);

function merged(count: (scope: StatsScope) => void): StatsMerge {
  const shard = new StatsShard(everyStat);
  count(shard.scope());
  const merge = new StatsMerge();
  merge.apply(merge.join(), shard.takeDelta());
  merge.flush();
  return merge;
}

const sample = merged((scope) => {
  scope.counter("cluster.a.upstream_rq_total").add(7);
  scope.counter("cluster.b.upstream_rq_total");
  scope.gauge("cluster.a.upstream_cx_active").set(2);
  scope.textReadout("cluster.a.version_text").set('v"1');
  scope.histogram("cluster.a.upstream_rq_time", "ms").record(200);
  scope.histogram("cluster.b.upstream_rq_time", "ms");
});

function text(query: Partial<StatsQuery> = {}, merge = sample): string {
  return [...renderStatsText(merge, { ...showEverything, ...query }, fewBuckets)].join("");
}

function json(query: Partial<StatsQuery> = {}, merge = sample): unknown {
  return JSON.parse([...renderStatsJson(merge, { ...showEverything, ...query }, fewBuckets)].join(""));
}

async function prometheus(query: Partial<StatsQuery> = {}, merge = sample): Promise<string> {
  let all = "";
  const tags = new TagProducer([], true);
  for await (const piece of renderPrometheus(merge, { ...showEverything, ...query }, tags, fewBuckets)) all += piece;
  return all;
}

const QUANTILES =
  "P0(200,200) P25(202.5,202.5) P50(205,205) P75(207.5,207.5) P90(209,209) P95(209.5,209.5) " +
  "P99(209.9,209.9) P99.5(209.95,209.95) P99.9(209.99,209.99) P100(210,210)";

describe("Stats as text", () => {
  it("lists texts, then counters and gauges by name, then histograms", () => {
    assert.equal(
      text(),
      `cluster.a.version_text: "v"1"
cluster.a.upstream_cx_active: 2
cluster.a.upstream_rq_total: 7
cluster.b.upstream_rq_total: 0
cluster.a.upstream_rq_time: ${QUANTILES}
cluster.b.upstream_rq_time: No recorded values
`,
    );
  });

  it("leaves out what was never used", () => {
    assert.doesNotMatch(text({ usedOnly: true }), /cluster\.b/);
  });

  it("shows one type only", () => {
    assert.equal(text({ type: "gauge" }), "cluster.a.upstream_cx_active: 2\n");
  });

  it("shows the names that pass the filter only", () => {
    assert.equal(
      text({ filter: (name) => name.endsWith("_total"), usedOnly: true }),
      "cluster.a.upstream_rq_total: 7\n",
    );
  });

  const views = [
    { name: "cumulative", expected: " B1(0,0) B100(0,0) B1.8e+06(1,1)" },
    { name: "disjoint", expected: " B1(0,0) B100(0,0) B1.8e+06(1,1)" },
    { name: "detailed", expected: `\n  totals=200,10:1\n  intervals=200,10:1\n  summary=${QUANTILES}` },
    { name: "summary", expected: ` ${QUANTILES}` },
  ] as const;
  for (const { name, expected } of views) {
    it(`shows histogram buckets ${name}`, () => {
      assert.equal(
        text({ type: "histogram", usedOnly: true, histogramView: name }),
        `cluster.a.upstream_rq_time:${expected}\n`,
      );
    });
  }

  it("shows nan for an interval without values", () => {
    const merge = merged((scope) => scope.histogram("h", "ms").record(1));
    merge.flush();
    assert.match(text({}, merge), /^h: P0\(nan,1\) /);
  });

  it("tells disjoint from cumulative counts", () => {
    const merge = merged((scope) => {
      for (const value of [0, 50, 60, 1000]) scope.histogram("h", "ms").record(value);
    });
    assert.equal(text({ histogramView: "cumulative" }, merge), "h: B1(1,1) B100(3,3) B1.8e+06(4,4)\n");
    assert.equal(text({ histogramView: "disjoint" }, merge), "h: B1(1,1) B100(2,2) B1.8e+06(1,1)\n");
  });

  it("is cut into pieces when it is long, and the pieces make up the whole", () => {
    const merge = merged((scope) => {
      for (let i = 0; i < 10_000; i++) scope.counter(`cluster.cluster_${i}.upstream_rq_total`).add(i);
    });
    const pieces = [...renderStatsText(merge, showEverything, fewBuckets)];
    assert.ok(pieces.length > 3);
    assert.ok(pieces.every((piece) => piece.length < 70_000));
    assert.equal(pieces.join("").split("\n").length, 10_001);
  });
});

describe("Stats as JSON", () => {
  it("holds names and values, then histograms with their quantiles", () => {
    const { stats } = json({ usedOnly: true }) as { stats: Record<string, unknown>[] };
    assert.deepEqual(stats.slice(0, 3), [
      { name: "cluster.a.version_text", value: 'v"1' },
      { name: "cluster.a.upstream_cx_active", value: 2 },
      { name: "cluster.a.upstream_rq_total", value: 7 },
    ]);
    const { histograms } = stats[3] as { histograms: { supported_quantiles: number[]; computed_quantiles: object[] } };
    assert.deepEqual(histograms.supported_quantiles, [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100]);
    assert.deepEqual(histograms.computed_quantiles, [
      {
        name: "cluster.a.upstream_rq_time",
        values: [200, 202.5, 205, 207.5, 209, 209.5, 209.9, 209.95, 209.99, 210].map((value) => ({
          cumulative: value,
          interval: value,
        })),
      },
    ]);
  });

  it("shows buckets", () => {
    assert.deepEqual(json({ type: "histogram", usedOnly: true, histogramView: "cumulative" }), {
      stats: [
        {
          histograms: [
            {
              name: "cluster.a.upstream_rq_time",
              buckets: [
                { upper_bound: 1, interval: 0, cumulative: 0 },
                { upper_bound: 100, interval: 0, cumulative: 0 },
                { upper_bound: 1_800_000, interval: 1, cumulative: 1 },
              ],
            },
          ],
        },
      ],
    });
  });

  it("shows details", () => {
    const { stats } = json({ type: "histogram", usedOnly: true, histogramView: "detailed" }) as {
      stats: { histograms: { details: { totals: object[] }[] } }[];
    };
    assert.deepEqual(stats[0]?.histograms.details[0]?.totals, [{ lower_bound: 200, width: 10, count: 1 }]);
  });

  it("is valid with nothing to show", () => {
    assert.deepEqual(json({}, new StatsMerge()), { stats: [] });
  });
});

describe("Stats for Prometheus", () => {
  it("uses Envoy's names and labels, in families with HELP and TYPE", async () => {
    assert.equal(
      await prometheus(),
      `# HELP envoy_cluster_upstream_rq_total cluster.upstream_rq_total
# TYPE envoy_cluster_upstream_rq_total counter
envoy_cluster_upstream_rq_total{envoy_cluster_name="a"} 7
envoy_cluster_upstream_rq_total{envoy_cluster_name="b"} 0
# HELP envoy_cluster_upstream_cx_active cluster.upstream_cx_active
# TYPE envoy_cluster_upstream_cx_active gauge
envoy_cluster_upstream_cx_active{envoy_cluster_name="a"} 2
# HELP envoy_cluster_upstream_rq_time cluster.upstream_rq_time
# TYPE envoy_cluster_upstream_rq_time histogram
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="1"} 0
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="100"} 0
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="1800000"} 1
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="+Inf"} 1
envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="a"} 200
envoy_cluster_upstream_rq_time_count{envoy_cluster_name="a"} 1
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="b",le="1"} 0
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="b",le="100"} 0
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="b",le="1800000"} 0
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="b",le="+Inf"} 0
envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="b"} 0
envoy_cluster_upstream_rq_time_count{envoy_cluster_name="b"} 0
`,
    );
    assert.equal(PROMETHEUS_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
  });

  it("shows histograms as summaries on request", async () => {
    const page = await prometheus({ histogramView: "summary", usedOnly: true });
    assert.match(page, /^# TYPE envoy_cluster_upstream_rq_time summary$/m);
    assert.match(page, /^envoy_cluster_upstream_rq_time\{envoy_cluster_name="a",quantile="0.5"\} 205$/m);
    assert.match(page, /^envoy_cluster_upstream_rq_time_count\{envoy_cluster_name="a"\} 1$/m);
  });

  it("shows text readouts on request, with the text escaped", async () => {
    assert.match(
      await prometheus({ textReadouts: true }),
      /^envoy_cluster_version_text\{envoy_cluster_name="a",text_value="v\\"1"\} 1$/m,
    );
  });

  it("announces each family once, however many samples it has", async () => {
    const merge = merged((scope) => {
      for (let i = 0; i < 5000; i++) scope.counter(`cluster.c${i}.upstream_rq_total`).inc();
    });
    const lines = (await prometheus({}, merge)).trimEnd().split("\n");
    assert.equal(lines.length, 5002);
    assert.equal(lines.filter((line) => line.startsWith("#")).length, 2);
  });

  it("keeps stats of different types under one name apart", async () => {
    const merge = merged((scope) => {
      scope.counter("x").inc();
      scope.gauge("x").set(2);
    });
    const page = await prometheus({}, merge);
    assert.match(page, /^envoy_x 1$/m);
    assert.match(page, /^envoy_x_gauge 2$/m);
  });

  it("escapes names that come from the configuration", async () => {
    const merge = merged((scope) => scope.counter('cluster.a"b\\c.x').inc());
    assert.match(await prometheus({}, merge), /^envoy_cluster_x\{envoy_cluster_name="a\\"b\\\\c"\} 1$/m);
  });
});
