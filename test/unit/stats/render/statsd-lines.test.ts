import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type StatsdDialect, StatsdLines } from "../../../../src/stats/render/statsd-lines.ts";
import { everyStat } from "../../../../src/stats/stats-matcher.ts";
import { StatsMerge } from "../../../../src/stats/stats-merge.ts";
import { StatsShard } from "../../../../src/stats/stats-shard.ts";
import { TagProducer } from "../../../../src/stats/tag/tag-producer.ts";

function scene(dialect: StatsdDialect) {
  const merge = new StatsMerge();
  const shard = new StatsShard(everyStat);
  const source = merge.join();
  const lines = new StatsdLines("envoy", dialect, new TagProducer([], true));
  /** The lines after a flush. */
  const flush = (): string[] => {
    merge.apply(source, shard.takeDelta());
    merge.flush();
    return [...lines.next(merge)];
  };
  return { scope: shard.scope(), merge, flush };
}

describe("StatsdLines", () => {
  it("sends what counters grew by, gauges as they are, and nothing that was never used", () => {
    const { scope, flush } = scene("plain");
    const counter = scope.counter("cluster.app.upstream_rq_total");
    scope.counter("never");
    scope.gauge("cluster.app.upstream_cx_active").set(3);
    counter.add(5);
    assert.deepEqual(flush(), ["envoy.cluster.app.upstream_rq_total:5|c", "envoy.cluster.app.upstream_cx_active:3|g"]);
    counter.add(2);
    assert.deepEqual(flush(), ["envoy.cluster.app.upstream_rq_total:2|c", "envoy.cluster.app.upstream_cx_active:3|g"]);
  });

  it("goes on from zero when counters are reset", () => {
    const { scope, merge, flush } = scene("plain");
    const counter = scope.counter("c");
    counter.add(5);
    flush();
    merge.resetCounters();
    counter.add(1);
    assert.deepEqual(flush(), ["envoy.c:1|c"]);
  });

  it("sends the values of an interval as timers with a sample rate, once", () => {
    const { scope, flush } = scene("plain");
    const time = scope.histogram("rq_time", "ms");
    time.record(10);
    for (let i = 0; i < 4; i++) time.record(250);
    scope.histogram("size", "bytes").record(7);
    assert.deepEqual(flush(), ["envoy.rq_time:10.5|ms", "envoy.rq_time:255|ms|@0.25", "envoy.size:7.05|h"]);
    assert.deepEqual(flush(), []);
  });

  it("writes tags behind the value for DogStatsD, and behind the name for Graphite", () => {
    for (const [dialect, expected] of [
      ["dog", "envoy.cluster.upstream_rq_total:1|c|#envoy.cluster_name:app_v1"],
      ["graphite", "envoy.cluster.upstream_rq_total;envoy.cluster_name=app_v1:1|c"],
    ] as const) {
      const { scope, flush } = scene(dialect);
      scope.counter("cluster.app;v1.upstream_rq_total").inc();
      assert.deepEqual(flush(), [expected]);
    }
  });

  it("lets no name break a line", () => {
    const { scope, flush } = scene("plain");
    scope.counter("a:b|c@d#e\nf").inc();
    assert.deepEqual(flush(), ["envoy.a_b_c_d_e_f:1|c"]);
  });
});
