import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { everyStat } from "../../../src/stats/stats-matcher.ts";
import { StatsShard } from "../../../src/stats/stats-shard.ts";
import { askAdmin, tellAdmin } from "../../harness/ask-admin.ts";
import { SampleProxy } from "../../harness/sample-admin-views.ts";

function proxyWithStats(): SampleProxy {
  const proxy = new SampleProxy();
  const shard = new StatsShard(everyStat);
  const scope = shard.scope("cluster.web");
  scope.counter("upstream_rq_total").add(3);
  scope.counter("upstream_rq_retry");
  scope.gauge("upstream_cx_active").set(1);
  scope.histogram("upstream_rq_time", "ms").record(7);
  proxy.stats.apply(proxy.stats.join(), shard.takeDelta());
  return proxy;
}

describe("/stats", () => {
  it("refreshes, then prints what there is", async () => {
    const proxy = proxyWithStats();
    const { body, contentType } = await askAdmin(proxy, "/stats?usedonly&type=Counters");
    assert.equal(body, "cluster.web.upstream_rq_total: 3\n");
    assert.equal(contentType, "text/plain; charset=UTF-8");
    assert.deepEqual(proxy.calls, ["refresh"]);
  });

  it("filters by a regex anywhere in the name", async () => {
    const { body } = await askAdmin(proxyWithStats(), "/stats?filter=_rq_(total|retry)$");
    assert.equal(body, "cluster.web.upstream_rq_retry: 0\ncluster.web.upstream_rq_total: 3\n");
  });

  it("answers in JSON", async () => {
    const answer = await askAdmin(proxyWithStats(), "/stats?format=json&type=Gauges");
    assert.equal(answer.contentType, "application/json");
    assert.deepEqual(answer.json(), { stats: [{ name: "cluster.web.upstream_cx_active", value: 1 }] });
  });

  it("answers for Prometheus under both names, with the metrics of the process", async () => {
    for (const target of ["/stats/prometheus", "/stats?format=prometheus"]) {
      const { body, contentType } = await askAdmin(proxyWithStats(), target);
      assert.equal(contentType, "text/plain; version=0.0.4; charset=utf-8");
      assert.match(body, /^envoy_cluster_upstream_rq_total\{envoy_cluster_name="web"\} 3$/m);
      assert.match(body, /^process_cpu_seconds_total 1$/m);
    }
  });

  it("refuses another word about hidden stats than Envoy's", async () => {
    const answer = await askAdmin(proxyWithStats(), "/stats?hidden=only");
    assert.equal(answer.status, 400);
    assert.equal(answer.body, "usage: /stats?hidden=(include|exclude|showonly)\n");
  });

  it("shows no hidden stats, for there are none", async () => {
    assert.equal((await askAdmin(proxyWithStats(), "/stats?hidden=showonly")).body, "");
  });

  const bad = [
    { name: "a regex that is none", target: "/stats?filter=(", message: /^Invalid re2 regex: / },
    { name: "a regex that could run away", target: "/stats?filter=(a)\\1", message: /^Invalid re2 regex: / },
    { name: "an unknown type", target: "/stats?type=Counter", message: /^invalid &type= param$/m },
    { name: "an unknown format", target: "/stats?format=xml", message: /^usage: \/stats\?format=/ },
    { name: "an unknown histogram view", target: "/stats?histogram_buckets=x", message: /^usage: .*cumulative/ },
    { name: "a bad regex for Prometheus", target: "/stats/prometheus?filter=[", message: /^Invalid re2 regex: / },
  ];
  for (const { name, target, message } of bad) {
    it(`refuses ${name}`, async () => {
      const answer = await askAdmin(proxyWithStats(), target);
      assert.equal(answer.status, 400);
      assert.match(answer.body, message);
    });
  }

  it("resets counters by POST", async () => {
    const proxy = proxyWithStats();
    assert.equal((await tellAdmin(proxy, "/reset_counters")).body, "OK\n");
    assert.deepEqual(proxy.calls, ["resetCounters"]);
  });
});
