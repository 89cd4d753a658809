import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sampler } from "../../../../src/admin/live/sampler.ts";
import { everyStat } from "../../../../src/stats/stats-matcher.ts";
import { StatsShard } from "../../../../src/stats/stats-shard.ts";
import { SampleProxy, sampleActor, sampleWorker } from "../../../harness/sample-admin-views.ts";

/** A sample proxy with some traffic counted, and the way to count more. */
function busyProxy() {
  const proxy = new SampleProxy();
  const shard = new StatsShard(everyStat);
  const scope = shard.scope();
  const source = proxy.stats.join();
  const counter = (name: string) => scope.counter(name);
  const names = {
    requests: counter("http.ingress.downstream_rq_total"),
    failed: counter("http.ingress.downstream_rq_5xx"),
    admin: counter("http.admin.downstream_rq_total"),
    connections: counter("listener.127.0.0.1_80.downstream_cx_total"),
    perWorker: counter("listener.127.0.0.1_80.worker_0.downstream_cx_total"),
    upstream: counter("cluster.a.b.upstream_cx_total"),
    upstreamRequests: counter("cluster.a.b.upstream_rq_total"),
  };
  const time = scope.histogram("http.ingress.downstream_rq_time", "ms");
  const flush = () => proxy.stats.apply(source, shard.takeDelta());
  return { proxy, names, time, flush };
}

describe("Sampler", () => {
  it("adds up the traffic of all listeners without that of the admin interface and of single workers", async () => {
    const { proxy, names, flush } = busyProxy();
    names.requests.add(10);
    names.failed.add(2);
    names.admin.add(99);
    names.connections.add(4);
    names.perWorker.add(4);
    flush();
    const { totals } = await new Sampler(proxy.views).take(true, () => 5);
    assert.equal(totals.requests, 10);
    assert.equal(totals.responses_5xx, 2);
    assert.equal(totals.connections, 4);
  });

  it("shows each part by kind and name, with dots in the name, and leaves out what is zero", async () => {
    const { proxy, names, flush } = busyProxy();
    names.upstream.add(1);
    names.upstreamRequests.add(7);
    flush();
    const { parts, parts_left_out } = await new Sampler(proxy.views).take(true, () => 5);
    assert.deepEqual(
      parts.map(({ kind, name }) => `${kind} ${name}`),
      ["cluster a.b", "http ingress", "listener 127.0.0.1_80"],
    );
    assert.deepEqual(parts[0]?.values, { upstream_cx_total: 1, upstream_rq_total: 7 });
    assert.equal(parts_left_out, 0);
  });

  it("tells the latencies since the sample before, not those since the start", async () => {
    const { proxy, time, flush } = busyProxy();
    const sampler = new Sampler(proxy.views);
    for (let i = 0; i < 1000; i++) time.record(5000);
    flush();
    assert.equal((await sampler.take(true, () => 0)).latency, null);
    for (let i = 0; i < 100; i++) time.record(2);
    flush();
    const { latency } = await sampler.take(true, () => 0);
    assert.equal(latency?.count, 100);
    assert.ok(latency.p50_ms >= 2 && latency.max_ms < 3, JSON.stringify(latency));
    assert.equal((await sampler.take(true, () => 0)).latency, null);
  });

  it("asks threads for their statistics only for a fresh sample, and says when it has", async () => {
    const { proxy } = busyProxy();
    const sampler = new Sampler(proxy.views);
    const fresh = await sampler.take(true, () => 100);
    const early = await sampler.take(false, () => 300);
    assert.deepEqual([fresh.at_ms, fresh.stats_at_ms, early.at_ms, early.stats_at_ms], [100, 100, 300, 100]);
    assert.deepEqual(
      proxy.calls.filter((call) => call === "refresh"),
      ["refresh"],
    );
  });

  it("has another signature when an actor crashes, hangs or ends, and the same when it only works", () => {
    const { proxy } = busyProxy();
    const sampler = new Sampler(proxy.views);
    const worker = sampleActor({ id: "supervisor/worker-1" });
    const signatureWith = (changes: Parameters<typeof sampleActor>[0]): string => {
      proxy.actors = [sampleActor({ children: [{ ...worker, ...changes }] })];
      return sampler.signature();
    };
    const calm = signatureWith({});
    assert.equal(signatureWith({ handled: 99, reportAgeMs: 400, mailboxLength: 3 }), calm);
    for (const changes of [{ answering: false }, { restarts: 1 }, { status: "stopped" as const }]) {
      assert.notEqual(signatureWith(changes), calm);
    }
  });

  it("names crashes and changes of the configuration, newest first", async () => {
    const { proxy } = busyProxy();
    proxy.workers = [sampleWorker({ answering: false })];
    proxy.actors = [
      sampleActor({
        id: "supervisor/worker-1",
        crashes: [{ atWallMs: 2000, error: "boom", action: "restart", delayMs: 90.4 }],
      }),
    ];
    const { events, workers } = await new Sampler(proxy.views).take(true, () => 0);
    assert.deepEqual(events, [
      { at_ms: 2000, kind: "crash", text: "supervisor/worker-1 crashed: boom; restarted after 90 ms" },
      {
        at_ms: 1000,
        kind: "refused",
        text: "configuration refused (SIGHUP): troupe.yaml:3:5: clusters[0].nmae: unknown field",
      },
    ]);
    assert.equal(workers[0]?.answering, false);
  });
});
