import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type StatsReceivers, statsSpec } from "../../../../actors/stats/actor.ts";
import { ServerStats } from "../../../../actors/stats/server-stats.ts";
import { StatsInlet } from "../../../../actors/stats/stats-inlet.ts";
import { ThreadStats } from "../../../../actors/stats/thread-stats.ts";
import { everyStat } from "../../../../src/stats/stats-matcher.ts";
import { StatsMerge } from "../../../../src/stats/stats-merge.ts";
import { StatsShard } from "../../../../src/stats/stats-shard.ts";
import { ActorWorld } from "../../../harness/actor-world.ts";

/** The stats actor with a worker's shard beside it. */
function startStats(flushIntervalMs = 5000, sinks?: StatsReceivers) {
  const world = new ActorWorld();
  const mainShard = new StatsShard(everyStat);
  const merge = new StatsMerge();
  const facts = {
    ...{ uptimeSeconds: 12.9, concurrency: 2, state: "LIVE" as const, totalConnections: 5 },
    ...{ firstCertificateMs: 3.5 * 86_400_000, firstStapleMs: 90_500 },
  };
  const serverStats = new ServerStats(mainShard.scope(), () => facts);
  const threads = new ThreadStats(merge, mainShard);
  const stats = world.system.spawn(statsSpec({ threads, serverStats, flushIntervalMs, ...(sinks && { sinks }) }));
  const inlet = new StatsInlet(stats);
  const shard = new StatsShard(everyStat);
  const report = (incarnation: number): void => {
    inlet.receive("worker-1", incarnation, { newMemory: shard.takeNewMemory(), delta: shard.takeDelta() });
  };
  const value = (name: string): number | undefined =>
    [...merge.counters(), ...merge.gauges()].find((stat) => stat.name === name)?.value;
  return { world, mainShard, merge, stats, inlet, shard, report, value };
}

describe("Stats actor", () => {
  it("flushes by itself, or only when it is told to", async () => {
    for (const [intervalMs, expected] of [
      [5000, [1, 2]],
      [0, [0, 1]],
    ] as const) {
      let flushes = 0;
      const { world, stats } = startStats(intervalMs, { flush: () => flushes++ });
      await world.settle();
      world.clock.advance(5100);
      await world.settle();
      assert.equal(flushes, expected[0], `${intervalMs} ms`);
      const reply = stats.ask({ type: "flush" }, 1000);
      await world.settle();
      assert.deepEqual(await reply, { type: "upToDate" });
      assert.equal(flushes, expected[1]);
    }
  });

  it("merges what workers report with what the main thread counts", async () => {
    const { world, mainShard, inlet, shard, report, value, stats } = startStats();
    inlet.workerStarted("worker-1", 1);
    shard.scope().counter("x").add(3);
    mainShard.scope().counter("x").inc();
    report(1);
    const reply = stats.ask({ type: "bringUpToDate" }, 1000);
    await world.settle();
    assert.deepEqual(await reply, { type: "upToDate" });
    assert.equal(value("x"), 4);
  });

  it("shows what a worker counts between its reports", async () => {
    const { world, inlet, shard, report, value, stats } = startStats();
    inlet.workerStarted("worker-1", 1);
    const counter = shard.scope().counter("x");
    report(1);
    counter.add(7);
    void stats.ask({ type: "bringUpToDate" }, 1000);
    await world.settle();
    assert.equal(value("x"), 7);
  });

  it("keeps the counts of a thread that has ended and drops what comes of it later", async () => {
    const { world, inlet, shard, report, value } = startStats();
    inlet.workerStarted("worker-1", 1);
    const counter = shard.scope().counter("x");
    counter.inc();
    report(1);
    await world.settle();
    counter.add(10);
    inlet.workerEnded("worker-1", 1);
    inlet.workerStarted("worker-1", 2);
    await world.settle();
    counter.add(100);
    report(1);
    await world.settle();
    assert.equal(value("x"), 11);
    await world.advance(5000);
    assert.equal(world.system.tree()[0]?.attributes.droppedReports, 1);
  });

  it("ends a histogram's interval with each flush interval", async () => {
    const { world, mainShard, merge } = startStats();
    mainShard.scope().histogram("h", "ms").record(5);
    await world.advance(5000);
    assert.equal(merge.histograms()[0]?.interval.count, 1);
    await world.advance(5000);
    assert.equal(merge.histograms()[0]?.interval.count, 0);
    assert.equal(merge.histograms()[0]?.cumulative.count, 1);
  });

  it("resets counters, those not yet reported among them", async () => {
    const { world, inlet, shard, report, value, stats } = startStats();
    inlet.workerStarted("worker-1", 1);
    const counter = shard.scope().counter("x");
    report(1);
    counter.add(7);
    stats.tell({ type: "resetCounters" });
    counter.add(0);
    await world.settle();
    assert.equal(value("x"), 0);
    counter.inc();
    report(1);
    await world.settle();
    assert.equal(value("x"), 1);
  });

  it("fills in the server's own gauges", async () => {
    const { world, value } = startStats();
    await world.settle();
    assert.equal(value("server.uptime"), 12);
    assert.equal(value("server.concurrency"), 2);
    assert.equal(value("server.live"), 1);
    assert.equal(value("server.state"), 0);
    assert.equal(value("server.total_connections"), 5);
    assert.equal(value("server.days_until_first_cert_expiring"), 3);
    assert.equal(value("server.seconds_until_first_ocsp_response_expiring"), 90);
    assert.ok((value("server.memory_physical_size") ?? 0) > 1_000_000);
  });
});
