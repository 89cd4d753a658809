import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MessageTrace } from "../../../../src/actor/inspection/message-trace.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";

describe("MessageTrace", () => {
  it("ends itself after the number of events asked for", () => {
    const trace = new MessageTrace(new FakeClock(), { maxEvents: 2, maxPerSecond: 100 });
    assert.equal(trace.record("a", "x", "handled", 1), true);
    assert.equal(trace.record("a", "y", "handled", 1), false);
    assert.equal(trace.record("a", "z", "handled", 1), false);
    assert.equal(trace.endedBy, "count");
    assert.deepEqual(
      trace.events().map((event) => event.messageType),
      ["x", "y"],
    );
  });

  it("skips and counts what comes faster than the rate", () => {
    const clock = new FakeClock();
    const trace = new MessageTrace(clock, { maxPerSecond: 2 });
    for (let i = 0; i < 5; i++) trace.record("a", "x", "queued");
    assert.equal(trace.events().length, 2);
    assert.equal(trace.skipped, 3);
    clock.advance(1000);
    trace.record("a", "x", "queued");
    assert.equal(trace.events().length, 3);
  });

  it("ends itself after its time", () => {
    const clock = new FakeClock();
    const trace = new MessageTrace(clock, { maxMs: 100 });
    clock.advance(100);
    assert.equal(trace.record("a", "x", "queued"), false);
    assert.equal(trace.endedBy, "time");
  });
});
