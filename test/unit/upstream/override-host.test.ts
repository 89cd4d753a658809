import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LoadBalancerContext, PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { clusterData, endpointData } from "./cluster-fixture.ts";
import { compileCluster } from "./compile-cluster.ts";
import { WorkerFixture } from "./pool/pool-fixture.ts";

/** A request that insists on a port of 127.0.0.1. */
function insisting(port: number, strict = false): LoadBalancerContext {
  let wish: { address: string; strict: boolean } | null = { address: `127.0.0.1:${port}`, strict };
  const takeOverrideHost = () => {
    const taken = wish;
    wish = null;
    return taken;
  };
  return { ...PLAIN_LOAD_BALANCER_CONTEXT, takeOverrideHost };
}

const ENDPOINTS = [
  endpointData(1),
  endpointData(2, { healthStatus: "unhealthy" }),
  endpointData(3, { healthStatus: "draining" }),
  endpointData(4, { healthStatus: "degraded" }),
  // So many healthy ones that the load balancer needs no others.
  ...[5, 6, 7, 8, 10, 11, 12, 13].map((port) => endpointData(port)),
];
const HEALTHY = [1, 5, 6, 7, 8, 10, 11, 12, 13];

describe("A host that a request insists on", () => {
  /** The port that a request goes to that wants `port`; 0 = none. */
  function chosen(port: number, strict = false, statuses = clusterData([]).overrideHostStatuses): number {
    const worker = new WorkerFixture();
    try {
      worker.apply([clusterData(ENDPOINTS, { overrideHostStatuses: statuses })]);
      const host = worker.manager.get("one")!.chooseHost(insisting(port, strict));
      return host?.address.type === "ip" ? host.address.port : 0;
    } finally {
      worker.close();
    }
  }

  it("is taken past the load balancer, degraded or not", () => {
    for (let again = 0; again < 5; again++) assert.equal(chosen(5), 5);
    assert.equal(chosen(4), 4);
  });

  it("is not taken if it is unhealthy, draining or unknown: then the load balancer chooses", () => {
    for (const port of [2, 3, 9]) assert.ok(HEALTHY.includes(chosen(port)), String(port));
  });

  it("leaves a request that wants no other without a host", () => {
    for (const port of [2, 3, 9]) assert.equal(chosen(port, true), 0);
    assert.equal(chosen(5, true), 5);
  });

  it("is taken in the states that override_host_status names", () => {
    assert.equal(chosen(3, true, ["draining"]), 3);
    assert.equal(chosen(5, true, ["draining"]), 0);
  });

  it("does not count if no state is named", () => {
    const ports = new Set(Array.from({ length: 12 }, () => chosen(4, true, [])));
    assert.equal(ports.has(4), false);
  });

  it("counts for the first attempt only", () => {
    const worker = new WorkerFixture();
    try {
      worker.apply([clusterData(ENDPOINTS)]);
      const context = insisting(4);
      const cluster = worker.manager.get("one")!;
      assert.equal(cluster.chooseHost(context)!.addressText, "127.0.0.1:4");
      assert.notEqual(cluster.chooseHost(context)!.addressText, "127.0.0.1:4");
    } finally {
      worker.close();
    }
  });
});

describe("override_host_status", () => {
  it("compiles", () => {
    const { data, problems } = compileCluster({
      commonLbConfig: { overrideHostStatus: { statuses: ["HEALTHY", "DRAINING"] } },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(data.overrideHostStatuses, ["healthy", "draining"]);
    assert.deepEqual(compileCluster({ commonLbConfig: { overrideHostStatus: {} } }).data.overrideHostStatuses, []);
  });
});
