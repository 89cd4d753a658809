import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StatsShard } from "../../../../actors/worker/protocol.ts";
import { StatsFlush } from "../../../../actors/worker/stats-flush.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { IdleRuntime } from "./fixtures/idle-runtime.ts";

class CountingRuntime extends IdleRuntime {
  count = 0;

  override takeStats(): StatsShard | undefined {
    if (this.count === 0) return undefined;
    const counters = [0, this.count];
    this.count = 0;
    const nothing = {
      addedIds: [],
      addedKinds: [],
      addedNames: [],
      gauges: [],
      histograms: [],
      textIds: [],
      texts: [],
    };
    return { delta: { ...nothing, counters, removed: [] }, newMemory: [] };
  }
}

function subject() {
  const runtime = new CountingRuntime();
  const clock = new FakeClock();
  const sent: string[] = [];
  const flush = new StatsFlush(runtime, clock, 1000, (shard, ids) => {
    sent.push(`${shard?.delta.counters[1] ?? "nothing"} for [${ids}]`);
  });
  return { runtime, clock, sent, flush };
}

describe("StatsFlush", () => {
  it("has one shard under way at a time, and sends the rest after it was accepted", () => {
    const { runtime, sent, flush } = subject();
    runtime.count = 1;
    flush.onInterval();
    runtime.count = 2;
    flush.onInterval();
    flush.onInterval();
    assert.deepEqual(sent, ["1 for []"]);
    flush.onAccepted();
    flush.onInterval();
    assert.deepEqual(sent, ["1 for []", "2 for []"]);
  });

  it("sends nothing when nothing changed, unless somebody asked", () => {
    const { sent, flush } = subject();
    flush.onInterval();
    flush.onRequest(7);
    assert.deepEqual(sent, ["nothing for [7]"]);
  });

  it("answers a request that comes while a shard is under way with the next one", () => {
    const { runtime, sent, flush } = subject();
    runtime.count = 1;
    flush.onInterval();
    runtime.count = 2;
    flush.onRequest(7);
    flush.onRequest(8);
    assert.deepEqual(sent, ["1 for []"]);
    flush.onAccepted();
    assert.deepEqual(sent, ["1 for []", "2 for [7,8]"]);
  });

  it("sends stats of new names at once, or as soon as the shard under way is accepted", () => {
    const { runtime, sent, flush } = subject();
    runtime.count = 1;
    flush.onNewStats();
    runtime.count = 2;
    flush.onNewStats();
    assert.deepEqual(sent, ["1 for []"]);
    flush.onAccepted();
    assert.deepEqual(sent, ["1 for []", "2 for []"]);
    flush.onAccepted();
    assert.equal(sent.length, 2);
  });

  it("goes on when an acceptance never comes", () => {
    const { runtime, clock, sent, flush } = subject();
    runtime.count = 1;
    flush.onInterval();
    clock.advance(10_000);
    runtime.count = 2;
    flush.onInterval();
    assert.deepEqual(sent, ["1 for []", "2 for []"]);
  });
});
