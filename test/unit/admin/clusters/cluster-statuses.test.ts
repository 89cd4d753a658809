import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clusterStatuses } from "../../../../src/admin/clusters/cluster-statuses.ts";
import type { ClusterData, EndpointData, ThresholdsData } from "../../../../src/upstream/cluster-data.ts";
import type { ClusterInspection } from "../../../../src/upstream/cluster-inspection.ts";
import { HealthFlag } from "../../../../src/upstream/membership/health-flag.ts";
import { clusterData, DEFAULT_THRESHOLDS, endpointData } from "../../upstream/cluster-fixture.ts";

const thresholds: ThresholdsData = {
  ...DEFAULT_THRESHOLDS,
  maxConnections: 1,
  maxPendingRequests: 2,
  maxRequests: 3,
  maxRetries: 4,
};

function endpoint(ip: string, healthStatus: EndpointData["healthStatus"]): EndpointData {
  const locality = { region: "r", zone: "z", subZone: "s" };
  return endpointData(80, {
    address: { type: "ip", ip, port: 80 },
    hostname: "h",
    weight: 5,
    priority: 1,
    locality,
    healthStatus,
  });
}

const cluster = clusterData(
  [
    { ...endpoint("10.0.0.1", "healthy"), metadata: [["envoy.lb", { canary: true }]] },
    endpoint("10.0.0.2", "draining"),
  ],
  { name: "web", observabilityName: "web_alt", circuitBreakers: { default: thresholds, high: thresholds } },
);

function inspection(rqTotal: number, healthFlags = 0): ClusterInspection {
  const { hostname, weight, priority, locality } = cluster.endpoints[0]!;
  const stats = {
    cxTotal: 1,
    cxActive: 1,
    cxConnectFail: 0,
    rqTotal,
    rqActive: 0,
    rqSuccess: rqTotal,
    rqError: 0,
    rqTimeout: 0,
  };
  const host = { address: "10.0.0.1:80", hostname, weight, priority, locality, canary: true, stats };
  return {
    name: "web",
    observabilityName: "web_alt",
    connectionCount: 1,
    hosts: [{ ...host, healthStatus: "healthy", healthFlags }],
  };
}

describe("clusterStatuses", () => {
  it("adds up what the workers counted", () => {
    const [status] = clusterStatuses([cluster], [[inspection(3)], [inspection(4)], []]);
    const host = status?.hosts[0];
    assert.equal(host?.counters.rq_total, 7);
    assert.equal(host?.gauges.cx_active, 2);
    assert.equal(host?.canary, true);
    assert.equal(status?.hosts[1]?.canary, false);
    assert.equal(status?.observabilityName, "web_alt");
    assert.deepEqual(status?.thresholds.high, {
      maxConnections: 1,
      maxPendingRequests: 2,
      maxRequests: 3,
      maxRetries: 4,
    });
  });

  it("shows clusters and hosts that no worker has used, and not those that are gone", () => {
    const [status, ...more] = clusterStatuses([cluster], [[{ ...inspection(1), name: "gone" }]]);
    assert.deepEqual(more, []);
    assert.deepEqual(
      status?.hosts.map(({ counters }) => counters.rq_total),
      [0, 0],
    );
  });

  it("turns health statuses into flags", () => {
    const [status] = clusterStatuses([cluster], []);
    assert.deepEqual(
      status?.hosts.map(({ healthFlags }) => healthFlags),
      [[], ["failed_eds_health", "eds_status_draining"]],
    );
  });

  const knowing = (members: readonly { endpoint: EndpointData; healthFlags: number }[], edsServiceName = "") => ({
    members: new Map([["web", { edsServiceName, members }]]),
    outliers: new Map(),
  });

  it("shows the hosts that discovery has found, those in use and the others", () => {
    const found = [endpoint("10.0.0.1", "healthy"), endpoint("10.0.0.3", "degraded")];
    const dynamic: ClusterData = { ...cluster, discovery: "dynamic", endpoints: [] };
    const members = found.map((each) => ({ endpoint: each, healthFlags: 0 }));
    const [status] = clusterStatuses([dynamic], [[inspection(3)]], knowing(members, "service"));
    assert.deepEqual(
      status?.hosts.map(({ address, counters, healthFlags }) => [address, counters.rq_total, healthFlags]),
      [
        [found[0]!.address, 3, []],
        [found[1]!.address, 0, ["degraded_eds_health"]],
      ],
    );
    assert.equal(status?.edsServiceName, "service");
  });

  it("shows the hosts of an ORIGINAL_DST cluster that workers know", () => {
    const originalDst = { header: "x-envoy-original-dst-host", portOverride: null, cleanupIntervalMs: 5000 };
    const [status] = clusterStatuses([{ ...cluster, originalDst, endpoints: [] }], [[inspection(2)], [inspection(3)]]);
    assert.deepEqual(
      status?.hosts.map(({ address, counters }) => [address, counters.rq_total]),
      [[{ type: "ip", ip: "10.0.0.1", port: 80 }, 5]],
    );
  });

  it("shows what checks have found about a host, also if no worker has used it", () => {
    const flags = HealthFlag.failedActiveHc | HealthFlag.activeHcTimeout | HealthFlag.failedOutlierCheck;
    const members = [{ endpoint: endpoint("10.0.0.1", "healthy"), healthFlags: flags }];
    const [status] = clusterStatuses([cluster], [], knowing(members));
    assert.deepEqual(status?.hosts[0]?.healthFlags, ["failed_active_hc", "failed_outlier_check", "active_hc_timeout"]);
  });
});
