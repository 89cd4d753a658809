import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { everyStat } from "../../../src/stats/stats-matcher.ts";
import { type StatsReport, StatsReporter } from "../../../src/stats/stats-reporter.ts";
import { StatsShard } from "../../../src/stats/stats-shard.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function setUp(send: (report: StatsReport) => Promise<void>) {
  const clock = new FakeClock();
  const shard = new StatsShard(everyStat);
  return { clock, shard, reporter: new StatsReporter(shard, send, clock.timers, 1000) };
}

describe("StatsReporter", () => {
  it("sends once per interval, and only if something changed", async () => {
    const reports: StatsReport[] = [];
    const { clock, shard, reporter } = setUp(async (report) => void reports.push(report));
    const counter = shard.scope().counter("x");
    reporter.start();
    clock.advance(1000);
    await reporter.flush();
    assert.equal(reports.length, 1);
    assert.equal(reports[0]?.newMemory.length, 1);
    clock.advance(3000);
    await reporter.flush();
    assert.equal(reports.length, 1);
    counter.inc();
    clock.advance(1000);
    assert.deepEqual(reports[1]?.delta.counters, [0, 1]);
    reporter.stop();
    assert.equal(clock.timers.armedCount, 0);
  });

  it("waits with the next report until the last one has been taken in", async () => {
    const reports: StatsReport[] = [];
    const gate = Promise.withResolvers<void>();
    const { clock, shard, reporter } = setUp((report) => {
      reports.push(report);
      return gate.promise;
    });
    const counter = shard.scope().counter("x");
    reporter.start();
    for (let i = 0; i < 5; i++) {
      counter.inc();
      clock.advance(1000);
    }
    assert.equal(reports.length, 1);
    gate.resolve();
    await reporter.flush();
    await reporter.flush();
    assert.deepEqual(
      reports.map(({ delta }) => delta.counters),
      [
        [0, 1],
        [0, 5],
      ],
    );
  });

  it("goes on after a report that could not be delivered", async () => {
    let calls = 0;
    const { shard, reporter } = setUp(async () => {
      calls++;
      throw new Error("unreachable");
    });
    const counter = shard.scope().counter("x");
    await reporter.flush();
    counter.inc();
    await reporter.flush();
    assert.equal(calls, 2);
  });

  it("takes a new interval", async () => {
    let calls = 0;
    const { clock, shard, reporter } = setUp(async () => void calls++);
    shard.scope().counter("x");
    reporter.start();
    reporter.setInterval(100);
    clock.advance(100);
    await reporter.flush();
    assert.equal(calls, 1);
  });
});
