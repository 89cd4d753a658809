import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Drain } from "../../../src/listener/drain.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { fixedRandom } from "./fixed-random.ts";

describe("Drain", () => {
  it("closes nothing before it starts", () => {
    const drain = new Drain(new FakeClock(), fixedRandom(0));
    assert.equal(drain.active, false);
    assert.equal(drain.drainClose(), false);
  });

  it("closes at once under immediate", () => {
    const drain = new Drain(new FakeClock(), fixedRandom(0.99));
    drain.start({ timeMs: 600_000, strategy: "immediate" });
    assert.equal(drain.drainClose(), true);
  });

  const rows: readonly { name: string; elapsedMs: number; fraction: number; closes: boolean }[] = [
    { name: "keeps a connection at the start", elapsedMs: 0, fraction: 0, closes: false },
    { name: "closes with the share of time that has passed", elapsedMs: 300, fraction: 0.29, closes: true },
    { name: "keeps the others", elapsedMs: 300, fraction: 0.3, closes: false },
    { name: "closes all at the deadline", elapsedMs: 1000, fraction: 0.999, closes: true },
    { name: "closes all behind the deadline", elapsedMs: 5000, fraction: 0.999, closes: true },
  ];
  for (const { name, elapsedMs, fraction, closes } of rows) {
    it(`${name} under gradual`, () => {
      const clock = new FakeClock();
      const drain = new Drain(clock, fixedRandom(fraction));
      drain.start({ timeMs: 1000, strategy: "gradual" });
      clock.advance(elapsedMs);
      assert.equal(drain.drainClose(), closes);
    });
  }

  it("closes at once with no time at all", () => {
    const drain = new Drain(new FakeClock(), fixedRandom(0.99));
    drain.start({ timeMs: 0, strategy: "gradual" });
    assert.equal(drain.drainClose(), true);
  });

  it("gets sooner and harder by a second start, never later or softer", () => {
    const clock = new FakeClock();
    const drain = new Drain(clock, fixedRandom(0.99));
    drain.start({ timeMs: 1000, strategy: "gradual" });
    drain.start({ timeMs: 5000, strategy: "gradual" });
    assert.equal(drain.deadlineMs, 1000);
    drain.start({ timeMs: 500, strategy: "gradual" });
    assert.equal(drain.deadlineMs, 500);
    drain.start({ timeMs: 9000, strategy: "immediate" });
    assert.equal(drain.deadlineMs, 500);
    assert.equal(drain.drainClose(), true);
    drain.start({ timeMs: 9000, strategy: "gradual" });
    assert.equal(drain.drainClose(), true);
  });
});
