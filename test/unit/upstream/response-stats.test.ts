import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ResponseStats } from "../../../src/upstream/response-stats.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";

const EXTERNAL = { internal: false, canary: false };

describe("ResponseStats", () => {
  it("makes a stat when it is first counted", () => {
    const stats = new RecordingStats();
    const responses = new ResponseStats(stats);
    assert.equal(stats.has("upstream_rq_completed"), false);
    responses.chargeResponse(200, EXTERNAL);
    responses.chargeResponse(204, EXTERNAL);
    assert.deepEqual(stats.nonZero(), {
      "external.upstream_rq_200": 1,
      "external.upstream_rq_204": 1,
      "external.upstream_rq_2xx": 2,
      "external.upstream_rq_completed": 2,
      upstream_rq_200: 1,
      upstream_rq_204: 1,
      upstream_rq_2xx: 2,
      upstream_rq_completed: 2,
    });
  });

  it("counts internal requests and canaries under their own names too", () => {
    const stats = new RecordingStats();
    const responses = new ResponseStats(stats);
    const traits = { internal: true, canary: true };
    responses.chargeResponse(503, traits);
    responses.chargeTime(12, traits);
    for (const prefix of ["", "internal.", "canary."]) {
      assert.equal(stats.value(`${prefix}upstream_rq_5xx`), 1);
      assert.deepEqual(stats.samples(`${prefix}upstream_rq_time`), [12]);
    }
    assert.equal(stats.has("external.upstream_rq_5xx"), false);
  });

  it("counts responses that were retried under retry. only", () => {
    const stats = new RecordingStats();
    new ResponseStats(stats).chargeRetriedResponse(502);
    assert.deepEqual(stats.nonZero(), {
      "retry.upstream_rq_502": 1,
      "retry.upstream_rq_5xx": 1,
      "retry.upstream_rq_completed": 1,
    });
  });

  it("counts by zones if both are known", () => {
    const stats = new RecordingStats();
    const responses = new ResponseStats(stats);
    assert.equal(responses.zone("", "z2"), undefined);
    assert.equal(responses.zone("z1", ""), undefined);
    responses.zone("z1", "z2")!.count(200);
    responses.zone("z1", "z2")!.time(5);
    responses.zone("z1", "z2")!.count(404);
    assert.deepEqual(stats.nonZero(), {
      "zone.z1.z2.upstream_rq_200": 1,
      "zone.z1.z2.upstream_rq_2xx": 1,
      "zone.z1.z2.upstream_rq_404": 1,
      "zone.z1.z2.upstream_rq_4xx": 1,
      "zone.z1.z2.upstream_rq_completed": 2,
    });
    assert.deepEqual(stats.samples("zone.z1.z2.upstream_rq_time"), [5]);
  });

  it("counts a status that is none as completed only", () => {
    const stats = new RecordingStats();
    new ResponseStats(stats).chargeResponse(0, EXTERNAL);
    assert.deepEqual(stats.nonZero(), { "external.upstream_rq_completed": 1, upstream_rq_completed: 1 });
  });
});
