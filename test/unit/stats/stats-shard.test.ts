import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pack, unpack } from "msgpackr";
import { isEmptyDelta, type StatsDelta } from "../../../src/stats/stats-delta.ts";
import { buildStatsMatcher, everyStat } from "../../../src/stats/stats-matcher.ts";
import { StatsMerge } from "../../../src/stats/stats-merge.ts";
import { StatsShard } from "../../../src/stats/stats-shard.ts";

function shard(): StatsShard {
  return new StatsShard(everyStat);
}

describe("StatsShard", () => {
  it("gives the same handle for the same full name, whichever scope asks", () => {
    const scope = shard().scope();
    assert.equal(
      scope.counter("cluster.a.upstream_rq_total"),
      scope.scope("cluster").scope("a").counter("upstream_rq_total"),
    );
    assert.equal(scope.scope("cluster.a.").gauge("x"), scope.gauge("cluster.a.x"));
  });

  it("reports the names of new stats once, and only changes afterwards", () => {
    const stats = shard();
    const counter = stats.scope("http.a").counter("rq_total");
    counter.inc();
    counter.add(4);
    const first = stats.takeDelta();
    assert.deepEqual(first.addedNames, ["http.a.rq_total"]);
    assert.deepEqual(first.counters, [first.addedIds[0], 5]);
    counter.inc();
    const second = stats.takeDelta();
    assert.deepEqual(second.addedNames, []);
    assert.deepEqual(second.counters, [first.addedIds[0], 6]);
    assert.ok(isEmptyDelta(stats.takeDelta()));
  });

  it("reports gauges with their present value, also one that was set to what it is", () => {
    const stats = shard();
    const gauge = stats.scope().gauge("active");
    gauge.set(0);
    assert.deepEqual(stats.takeDelta().gauges, [0, 0]);
    gauge.inc();
    gauge.inc();
    gauge.dec();
    gauge.add(10);
    gauge.sub(3);
    assert.deepEqual(stats.takeDelta().gauges, [0, 8]);
    assert.deepEqual(stats.takeDelta().gauges, []);
  });

  it("drops values that no histogram can hold", () => {
    const stats = shard();
    const histogram = stats.scope().histogram("h", "ms");
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) histogram.record(value);
    assert.deepEqual(stats.takeDelta().histograms, []);
  });

  it("reports a histogram's values of the interval by bucket", () => {
    const stats = shard();
    const histogram = stats.scope().histogram("h", "ms");
    histogram.record(0);
    histogram.record(12);
    histogram.record(12);
    const [id, sum, buckets, ...pairs] = stats.takeDelta().histograms;
    assert.deepEqual([id, sum, buckets], [0, 24, 2]);
    assert.deepEqual([pairs[1], pairs[3]], [1, 2]);
    histogram.record(5);
    assert.equal(stats.takeDelta().histograms[1], 5);
    assert.deepEqual(stats.takeDelta().histograms, []);
  });

  it("keeps a stat until every scope that asked for it has been released", () => {
    const stats = shard();
    const first = stats.scope("cluster.a");
    const second = stats.scope("cluster.a");
    first.counter("x");
    first.counter("x");
    second.counter("x");
    first.release();
    first.release();
    assert.equal(stats.size, 1);
    second.release();
    assert.equal(stats.size, 0);
  });

  it("sends the last counts of a stat together with its removal, and then uses its number again", () => {
    const stats = shard();
    const scope = stats.scope();
    const counter = scope.counter("old");
    counter.add(3);
    scope.release();
    const scopeOfNew = stats.scope();
    scopeOfNew.counter("new").inc();
    const delta = stats.takeDelta();
    assert.deepEqual(delta.counters, [0, 3, 1, 1]);
    assert.deepEqual(delta.removed, [0]);
    stats.scope().counter("newer");
    assert.deepEqual(stats.takeDelta().addedIds, [0]);
  });

  it("lets writes through a stale handle go nowhere", () => {
    const stats = shard();
    const scope = stats.scope();
    const stale = {
      counter: scope.counter("c"),
      gauge: scope.gauge("g"),
      histogram: scope.histogram("h", "ms"),
      text: scope.textReadout("t"),
    };
    scope.release();
    stats.takeDelta();
    const fresh = stats.scope();
    fresh.counter("d");
    fresh.gauge("e");
    stats.takeDelta();
    stale.counter.inc();
    stale.gauge.set(7);
    stale.histogram.record(1);
    stale.text.set("x");
    assert.ok(isEmptyDelta(stats.takeDelta()));
  });

  it("gives handles without effect for names that the configuration rejects", () => {
    const stats = new StatsShard(
      buildStatsMatcher({ type: "exclusion", patterns: [{ type: "prefix", value: "cluster.", ignoreCase: false }] }),
    );
    const scope = stats.scope("cluster.a");
    scope.counter("x").inc();
    scope.gauge("y").set(4);
    scope.histogram("z", "ms").record(4);
    scope.textReadout("t").set("v");
    scope.release();
    assert.equal(stats.size, 0);
    stats.scope("http").counter("x");
    assert.deepEqual(stats.takeDelta().addedNames, ["http.x"]);
  });

  it("replaces colons and control characters in names, and ignores dots at the ends of parts", () => {
    const stats = shard();
    stats.scope("listener.").scope("127.0.0.1:80").counter(".rq\n1");
    stats.scope("").counter("__proto__");
    assert.deepEqual(stats.takeDelta().addedNames, ["listener.127.0.0.1_80.rq_1", "__proto__"]);
  });

  it("makes deltas that survive structured clone and msgpackr", () => {
    const stats = shard();
    const scope = stats.scope("s");
    scope.counter("c").add(2);
    scope.gauge("g").set(-1.5);
    scope.histogram("h", "bytes").record(7);
    scope.textReadout("t").set("v1");
    const delta = stats.takeDelta();
    assert.deepEqual(structuredClone(delta), delta);
    const merge = new StatsMerge();
    const received: StatsDelta = unpack(pack(delta));
    merge.apply(merge.join(), received);
    assert.equal(merge.counters()[0]?.value, 2);
    assert.equal(merge.gauges()[0]?.value, -1.5);
    assert.equal(merge.histograms()[0]?.cumulative.sum, 7);
    assert.equal(merge.textReadouts()[0]?.text, "v1");
  });
});
