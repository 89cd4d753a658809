import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LbHost } from "../../../src/lb/lb-host.ts";
import { LeastRequest } from "../../../src/lb/least-request.ts";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { SlowStart } from "../../../src/lb/slow-start.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { constantRandom, lbHost, tally } from "./lb-fixture.ts";

/** A slow start of ten seconds in which `old` has been for long and `young` joins now. */
function starting(aggression = 1, minWeightPercent = 10) {
  const clock = new FakeClock();
  const slowStart = new SlowStart<LbHost>({ windowMs: 10_000, aggression, minWeightPercent }, clock);
  const old = lbHost("old");
  const young = lbHost("young");
  slowStart.update([old]);
  clock.advance(20_000);
  slowStart.update([old, young]);
  return { clock, slowStart, old, young };
}

describe("SlowStart", () => {
  it("lets the weight of a new host grow evenly from its least part to the whole", () => {
    const { clock, slowStart, old, young } = starting();
    assert.equal(slowStart.factorOf(young), 0.1);
    clock.advance(2500);
    assert.equal(slowStart.factorOf(young), 0.25);
    assert.equal(slowStart.factorOf(old), 1);
    assert.equal(slowStart.isWarming, true);
    clock.advance(7500);
    assert.equal(slowStart.factorOf(young), 1);
    clock.advance(1);
    assert.equal(slowStart.isWarming, false);
  });

  it("grows faster at first with more aggression", () => {
    const { clock, slowStart, young } = starting(2, 0);
    clock.advance(2500);
    assert.equal(slowStart.factorOf(young), 0.5);
  });

  it("begins anew when a host is healthy again", () => {
    const { clock, slowStart, old, young } = starting();
    clock.advance(20_000);
    slowStart.update([old, { ...young, health: "unhealthy" }]);
    slowStart.update([old, young]);
    assert.equal(slowStart.factorOf(young), 0.1);
    assert.equal(slowStart.factorOf(old), 1);
  });

  it("gives a starting host its part of the picks of ROUND_ROBIN and LEAST_REQUEST", () => {
    for (const policy of ["round robin", "least request"] as const) {
      const { clock, slowStart, old, young } = starting();
      clock.advance(2500);
      const settings = { choiceCount: 2, activeRequestBias: 1, fullScan: false };
      const picker =
        policy === "round robin"
          ? new RoundRobin([old, young], constantRandom(0), slowStart)
          : new LeastRequest([old, young], constantRandom(0), settings, slowStart);
      assert.deepEqual(
        tally(() => picker.pick(), 1000),
        { old: 800, young: 200 },
      );
      clock.advance(10_000);
      const after = tally(() => picker.pick(), 1000);
      assert.ok(Math.abs(after.young! - 500) <= 2, JSON.stringify(after));
    }
  });
});
