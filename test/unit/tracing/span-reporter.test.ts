import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Runtime } from "../../../src/runtime/runtime.ts";
import type { RecordedSpan } from "../../../src/tracing/recorded-span.ts";
import { createReporterStats, SpanReporter } from "../../../src/tracing/span-reporter.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";

function scene() {
  const clock = new FakeClock();
  const stats = new RecordingStats();
  const exports: { readonly count: number; over(): void }[] = [];
  const reporter = new SpanReporter(
    {
      timers: clock.timers,
      runtime: new Runtime(),
      stats: createReporterStats(stats.scope("t")),
      runtimePrefix: "tracing.t",
    },
    (spans, over) => exports.push({ count: spans.length, over }),
  );
  const report = (count: number) => {
    for (let i = 0; i < count; i++) reporter.report({} as RecordedSpan);
  };
  const counts = () => exports.map(({ count }) => count);
  return { clock, stats, exports, report, counts };
}

describe("A span reporter", () => {
  it("exports five spans together, and fewer after five seconds", () => {
    const { clock, stats, report, counts } = scene();
    report(6);
    assert.deepEqual(counts(), [5]);
    clock.advance(4900);
    assert.deepEqual(counts(), [5]);
    clock.advance(200);
    assert.deepEqual(counts(), [5, 1]);
    assert.deepEqual([stats.value("t.timer_flushed"), stats.value("t.spans_sent")], [1, 6]);
    clock.advance(60_000);
    assert.equal(counts().length, 2, "nothing goes where nothing is");
  });

  it("keeps what comes while eight exports are on their way, and sends it when one is over", () => {
    const { exports, report, counts } = scene();
    report(50);
    assert.deepEqual(counts(), [5, 5, 5, 5, 5, 5, 5, 5]);
    exports[3]!.over();
    assert.deepEqual(counts().slice(8), [10]);
  });

  it("drops and counts what a collector that does not answer leaves no room for", () => {
    const { stats, exports, report, counts } = scene();
    report(3000);
    assert.equal(stats.value("t.spans_dropped"), 3000 - 2048);
    exports[0]!.over();
    assert.equal(counts().at(-1), 2048 - 40);
    report(7);
    assert.equal(stats.value("t.spans_dropped"), 3000 - 2048 + 2, "there is room for the five that are over");
  });
});
