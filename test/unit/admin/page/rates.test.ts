import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LivePart, LiveSample, LiveTotals } from "../../../../src/admin/live/live-sample.ts";
import { errorShare, partKey, ratesBetween } from "../../../../src/admin/page/rates.ts";

const TOTALS: LiveTotals = {
  requests: 0,
  responses_1xx: 0,
  responses_2xx: 0,
  responses_3xx: 0,
  responses_4xx: 0,
  responses_5xx: 0,
  requests_active: 0,
  connections: 0,
  connections_active: 0,
  received_bytes: 0,
  sent_bytes: 0,
  listeners: 1,
  listeners_closed: 0,
  listeners_winding_up: 0,
  chains_draining: 0,
  listeners_draining: 0,
};

function sampleAt(stats_at_ms: number, totals: Partial<LiveTotals>, parts: readonly LivePart[] = []): LiveSample {
  return { stats_at_ms, totals: { ...TOTALS, ...totals }, parts } as LiveSample;
}

describe("ratesBetween", () => {
  it("is what was counted in between, per second", () => {
    const rates = ratesBetween(sampleAt(1000, { requests: 10 }), sampleAt(3000, { requests: 50 }));
    assert.equal(rates?.overMs, 2000);
    assert.equal(rates.totals.requests, 20);
  });

  it("is unknown between samples with the same statistics", () => {
    assert.equal(ratesBetween(sampleAt(1000, {}), sampleAt(1000, {})), undefined);
  });

  it("counts from zero where a counter fell", () => {
    const rates = ratesBetween(sampleAt(1000, { requests: 1000 }), sampleAt(2000, { requests: 7 }));
    assert.equal(rates?.totals.requests, 7);
  });

  it("finds parts by kind and name, also those that are new", () => {
    const part = (name: string, upstream_rq_total: number): LivePart => ({
      kind: "cluster",
      name,
      values: { upstream_rq_total },
    });
    const rates = ratesBetween(sampleAt(0, {}, [part("a", 5)]), sampleAt(1000, {}, [part("a", 8), part("b", 2)]));
    assert.equal(rates?.parts.get(partKey({ kind: "cluster", name: "a" }))?.upstream_rq_total, 3);
    assert.equal(rates.parts.get(partKey({ kind: "cluster", name: "b" }))?.upstream_rq_total, 2);
  });
});

describe("errorShare", () => {
  it("is the part of the answers that are 5xx, and 0 without any", () => {
    assert.equal(errorShare({ ...TOTALS, responses_2xx: 3, responses_5xx: 1 }), 0.25);
    assert.equal(errorShare(TOTALS), 0);
  });
});
