import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProcessMetrics } from "../../../src/stats/process-metrics.ts";

describe("ProcessMetrics", () => {
  it("shows CPU time and memory of the process", async () => {
    const page = await new ProcessMetrics().exposition();
    assert.match(page, /^process_cpu_seconds_total [0-9.e-]+$/m);
    assert.match(page, /^process_resident_memory_bytes [1-9][0-9]+$/m);
    assert.match(page, /^nodejs_eventloop_lag_seconds [0-9.e-]+$/m);
  });
});
