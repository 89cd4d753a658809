import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clusterStatuses } from "../../../../src/admin/clusters/cluster-statuses.ts";
import { DEFAULT_HTTP2_PROTOCOL } from "../../../../src/http/http2/codec-options.ts";
import type { ClusterData, EndpointData } from "../../../../src/upstream/cluster-data.ts";
import type { ClusterInspection } from "../../../../src/upstream/cluster-inspection.ts";
import { HealthFlag } from "../../../../src/upstream/membership/health-flag.ts";

const thresholds = {
  maxConnections: 1,
  maxPendingRequests: 2,
  maxRequests: 3,
  maxRetries: 4,
  retryBudget: null,
  maxConnectionPools: 5,
  trackRemaining: false,
};

function endpoint(ip: string, healthStatus: EndpointData["healthStatus"]): EndpointData {
  return {
    address: { type: "ip", ip, port: 80 },
    hostname: "h",
    weight: 5,
    priority: 1,
    locality: { region: "r", zone: "z", subZone: "s" },
    localityWeight: 0,
    healthStatus,
    healthCheck: null,
    metadata: [],
  };
}

const cluster: ClusterData = {
  name: "web",
  observabilityName: "web_alt",
  discovery: "static",
  originalDst: null,
  connectTimeoutMs: 5000,
  idleTimeoutMs: 0,
  maxConnectionDurationMs: 0,
  maxStreamDurationMs: 0,
  maxRequestsPerConnection: 0,
  trackedStats: null,
  healthChecked: false,
  dropOverload: null,
  outlier: null,
  connectionSettings: {
    perConnectionBufferLimitBytes: 0,
    tcpKeepalive: null,
    sourceAddresses: [],
    transportSocket: null,
    transportSocketMatches: [],
    maxResponseHeadersBytes: 0,
    maxResponseHeadersCount: 0,
    enableTrailers: false,
    keyFormat: null,
    sendFullyQualifiedUrl: false,
    autoTls: null,
    poolPerDownstreamConnection: false,
    httpProtocol: "http1",
    http2: DEFAULT_HTTP2_PROTOCOL,
  },
  metadata: [],
  hostConnectionLimits: null,
  preconnect: null,
  circuitBreakers: { default: thresholds, high: thresholds },
  loadBalancer: { type: "roundRobin", slowStart: null },
  locality: { type: "none" },
  subsets: null,
  overrideHostStatuses: ["unknown", "healthy", "degraded"],
  priorityLoad: { panicThresholdPercent: 50, overprovisioningFactorPercent: 140, weightedPriorityHealth: false },
  endpoints: [endpoint("10.0.0.1", "healthy"), endpoint("10.0.0.2", "draining")],
  closeConnectionsOnHealthFailure: false,
};

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

  it("shows what checks have found about a host", () => {
    const flags = HealthFlag.failedActiveHc | HealthFlag.activeHcTimeout | HealthFlag.failedOutlierCheck;
    const [status] = clusterStatuses([cluster], [[inspection(0, flags)]]);
    assert.deepEqual(status?.hosts[0]?.healthFlags, ["failed_active_hc", "failed_outlier_check", "active_hc_timeout"]);
  });
});
