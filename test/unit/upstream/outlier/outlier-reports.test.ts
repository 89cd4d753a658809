import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Host } from "../../../../src/upstream/host.ts";
import { OutlierCell, OutlierCells, OutlierMemory } from "../../../../src/upstream/outlier/outlier-cells.ts";
import type { OutlierThresholdsData } from "../../../../src/upstream/outlier/outlier-data.ts";
import { OutlierReports } from "../../../../src/upstream/outlier/outlier-reports.ts";
import { endpointData } from "../cluster-fixture.ts";

const THRESHOLDS: OutlierThresholdsData = {
  splitsLocalOrigin: false,
  consecutive5xx: 3,
  consecutiveGatewayFailure: 2,
  consecutiveLocalOriginFailure: 2,
};

/** Two workers that count for the same host. */
function workers(more: Partial<OutlierThresholdsData> = {}) {
  const grant = new OutlierMemory().grant();
  const tripped: string[] = [];
  const [first, second] = ["one", "two"].map((worker) => {
    const host = new Host(endpointData(80).address, {
      ...endpointData(80),
      healthFlags: 0,
      metadata: new Map(),
    });
    host.outlierCells = new OutlierCells(grant);
    const reports = new OutlierReports({ ...THRESHOLDS, ...more }, (_host, type) => tripped.push(`${worker} ${type}`));
    return { host, reports };
  });
  const cells = new OutlierCells(grant);
  return { first: first!, second: second!, tripped, cells };
}

describe("OutlierReports", () => {
  it("counts failures in a row over all workers, and tells once when there are enough", () => {
    const { first, second, tripped } = workers();
    first.reports.answered(first.host, 500);
    second.reports.answered(second.host, 500);
    assert.deepEqual(tripped, []);
    first.reports.answered(first.host, 501);
    assert.deepEqual(tripped, ["one CONSECUTIVE_5XX"]);
    second.reports.answered(second.host, 500);
    assert.equal(tripped.length, 1);
  });

  it("begins anew after an answer below 500, of whichever worker", () => {
    const { first, second, tripped } = workers();
    for (const status of [500, 500, 404, 500, 500])
      (status === 404 ? second : first).reports.answered(first.host, status);
    assert.deepEqual(tripped, []);
  });

  it("counts 502, 503 and 504 as gateway failures too, and others as their end", () => {
    const { first, tripped } = workers();
    for (const status of [502, 500, 503, 504]) first.reports.answered(first.host, status);
    assert.deepEqual(tripped, ["one CONSECUTIVE_5XX", "one CONSECUTIVE_GATEWAY_FAILURE"]);
  });

  it("takes failures to connect for 503 and timeouts for what the client gets", () => {
    const { first, tripped, cells } = workers();
    first.reports.connected(first.host);
    first.reports.failed(first.host);
    first.reports.timedOut(first.host, 504);
    assert.deepEqual(tripped, ["one CONSECUTIVE_GATEWAY_FAILURE"]);
    first.reports.timedOut(first.host, 204);
    first.reports.served(first.host);
    assert.deepEqual([cells.get(OutlierCell.externalTotal), cells.get(OutlierCell.externalSuccess)], [4, 2]);
    assert.equal(cells.get(OutlierCell.localTotal), 0);
  });

  it("counts them apart if told so", () => {
    const { first, tripped, cells } = workers({ splitsLocalOrigin: true });
    first.reports.failed(first.host);
    first.reports.connected(first.host);
    first.reports.failed(first.host);
    assert.deepEqual(tripped, []);
    first.reports.timedOut(first.host, 504);
    assert.deepEqual(tripped, ["one CONSECUTIVE_LOCAL_ORIGIN_FAILURE"]);
    assert.deepEqual([cells.get(OutlierCell.localTotal), cells.get(OutlierCell.localSuccess)], [4, 1]);
    assert.equal(cells.get(OutlierCell.externalTotal), 0);
  });

  it("counts nothing of a host that has no memory", () => {
    const { first, tripped } = workers();
    first.host.outlierCells = null;
    for (let n = 0; n < 5; n++) first.reports.answered(first.host, 500);
    assert.deepEqual(tripped, []);
  });
});

describe("OutlierMemory", () => {
  it("gives back what was released only when nothing else is left, and empty", () => {
    const memory = new OutlierMemory();
    const first = memory.grant();
    new OutlierCells(first).increment(0);
    memory.release(first);
    const rest = Array.from({ length: 255 }, () => memory.grant());
    assert.equal(rest.includes(first), false);
    assert.equal(memory.grant(), first);
    assert.equal(new OutlierCells(first).get(0), 0);
    assert.notEqual(memory.grant().memory, first.memory);
  });
});
