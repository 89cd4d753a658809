import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import type { ClusterData, EndpointData } from "../../../src/upstream/cluster-data.ts";
import { clusterData, endpointData } from "./cluster-fixture.ts";
import { WorkerFixture } from "./pool/pool-fixture.ts";

const inZone = (port: number, zone: string): EndpointData =>
  endpointData(port, { locality: { region: "", zone, subZone: "" } });

/** A cluster with two hosts in each of the zones a (ports 1, 2) and b (3, 4), of a proxy in zone a. */
const APP: ClusterData = clusterData([inZone(1, "a"), inZone(2, "a"), inZone(3, "b"), inZone(4, "b")], {
  locality: {
    type: "zoneAware",
    localCluster: "me",
    ownLocality: { region: "", zone: "a", subZone: "" },
    routingEnabledPercent: 100,
    minClusterSize: 2,
    failTrafficOnPanic: false,
  },
});

function me(...zones: readonly string[]): ClusterData {
  const endpoints = zones.map((zone, at) => inZone(100 + at, zone));
  return clusterData(endpoints, { name: "me", observabilityName: "me" });
}

describe("A zone-aware cluster", () => {
  it("follows the hosts of the local cluster, whenever they come", (t) => {
    const worker = new WorkerFixture();
    t.after(() => worker.close());
    const ports = (): string => {
      const picked = new Set<string>();
      for (let at = 0; at < 8; at++) {
        picked.add(worker.manager.get("one")!.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!.addressText.slice(10));
      }
      return [...picked].sort().join("");
    };
    worker.apply([APP]);
    assert.equal(ports(), "1234");
    const differs = worker.stat("lb_zone_number_differs");
    worker.apply([me("a", "b")]);
    assert.equal(ports(), "12");
    assert.equal(worker.stat("lb_zone_number_differs"), differs, "two zones of both");
    assert.ok(worker.stat("lb_zone_routing_all_directly") >= 8);
    worker.apply([me("b", "c")]);
    assert.equal(ports(), "1234");
    assert.equal(worker.stat("lb_local_cluster_not_ok"), 1);
    worker.apply([me("a", "b", "c")]);
    assert.equal(worker.stat("lb_zone_number_differs"), differs + 1);
    worker.apply([me("a", "b")]);
    assert.equal(ports(), "12");
    worker.apply([], ["me"]);
    assert.equal(ports(), "1234");
  });
});
