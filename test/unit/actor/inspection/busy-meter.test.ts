import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BUSY_INTERVAL_MS, BusyMeter } from "../../../../src/actor/inspection/busy-meter.ts";

describe("BusyMeter", () => {
  it("shows the share of the time so far until the first interval is over", () => {
    const meter = new BusyMeter(1000);
    assert.equal(meter.share(1000), 0);
    meter.add(100, 1200);
    assert.equal(meter.share(1400), 0.25);
  });

  it("then shows the share of the last whole interval", () => {
    const meter = new BusyMeter(0);
    meter.add(BUSY_INTERVAL_MS / 2, BUSY_INTERVAL_MS - 1);
    assert.equal(meter.share(BUSY_INTERVAL_MS), 0.5);
    meter.add(BUSY_INTERVAL_MS / 10, BUSY_INTERVAL_MS * 1.5);
    assert.equal(meter.share(BUSY_INTERVAL_MS * 1.9), 0.5);
    assert.equal(meter.share(BUSY_INTERVAL_MS * 2), 0.1);
  });

  it("falls to nothing after an interval without a message", () => {
    const meter = new BusyMeter(0);
    meter.add(BUSY_INTERVAL_MS, BUSY_INTERVAL_MS - 1);
    assert.equal(meter.share(BUSY_INTERVAL_MS * 3), 0);
  });

  it("never shows more than all of the time", () => {
    const meter = new BusyMeter(0);
    meter.add(BUSY_INTERVAL_MS * 3, 100);
    assert.equal(meter.share(BUSY_INTERVAL_MS), 1);
  });
});
