import { DEFAULT_HTTP2_PROTOCOL } from "../../../src/http/http2/codec-options.ts";
import type { ClusterData, EndpointData, ThresholdsData } from "../../../src/upstream/cluster-data.ts";

export const DEFAULT_THRESHOLDS: ThresholdsData = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: null,
  maxConnectionPools: 4_294_967_295,
  trackRemaining: false,
};

/** An endpoint on loopback with nothing special about it. */
export function endpointData(port: number, changes: Partial<EndpointData> = {}): EndpointData {
  return {
    address: { type: "ip", ip: "127.0.0.1", port },
    hostname: "",
    weight: 1,
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    localityWeight: 0,
    healthStatus: "unknown",
    healthCheck: null,
    metadata: [],
    ...changes,
  };
}

/** A cluster with Envoy's defaults. */
export function clusterData(endpoints: readonly EndpointData[], changes: Partial<ClusterData> = {}): ClusterData {
  return {
    name: "one",
    observabilityName: "one",
    discovery: "static",
    originalDst: null,
    aggregate: null,
    connectTimeoutMs: 5000,
    idleTimeoutMs: 3_600_000,
    maxConnectionDurationMs: 0,
    maxStreamDurationMs: 0,
    maxRequestsPerConnection: 0,
    trackedStats: null,
    healthChecked: false,
    dropOverload: null,
    outlier: null,
    connectionSettings: {
      perConnectionBufferLimitBytes: 1_048_576,
      tcpKeepalive: null,
      sourceAddresses: [],
      transportSocket: null,
      transportSocketMatches: [],
      maxResponseHeadersBytes: 81_920,
      maxResponseHeadersCount: 100,
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
    circuitBreakers: { default: DEFAULT_THRESHOLDS, high: DEFAULT_THRESHOLDS },
    loadBalancer: { type: "roundRobin", slowStart: null },
    locality: { type: "none" },
    subsets: null,
    overrideHostStatuses: ["unknown", "healthy", "degraded"],
    priorityLoad: { panicThresholdPercent: 50, overprovisioningFactorPercent: 140, weightedPriorityHealth: false },
    endpoints,
    closeConnectionsOnHealthFailure: false,
    closeConnectionsOnHostSetChange: false,
    ...changes,
  };
}
