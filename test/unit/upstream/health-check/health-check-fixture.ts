import type { HealthCheckData, HttpCheckData } from "../../../../src/upstream/health-check/health-check-data.ts";
import type { ProbeTarget } from "../../../../src/upstream/health-check/probe.ts";
import type { Http1SettingsData } from "../../../../src/upstream/http1-client-options.ts";

/** How a cluster speaks HTTP/1 by default. */
export const HTTP1_DEFAULTS: Http1SettingsData = {
  maxResponseHeadersBytes: 81_920,
  maxResponseHeadersCount: 100,
  enableTrailers: false,
  keyFormat: null,
  sendFullyQualifiedUrl: false,
};

/** An HTTP check of `/` with Envoy's defaults. */
export function httpCheck(changes: Partial<HttpCheckData> = {}): HttpCheckData {
  return {
    type: "http",
    http2: false,
    http1: HTTP1_DEFAULTS,
    host: "",
    path: "/",
    method: "GET",
    send: "",
    receive: [],
    responseBufferBytes: 1024,
    headersToAdd: [],
    headersToRemove: [],
    expectedStatuses: [{ start: 200, end: 201 }],
    retriableStatuses: [],
    serviceNameMatcher: null,
    ...changes,
  };
}

/** A check each second, with thresholds of two and intervals that can be told apart. */
export function healthCheckData(changes: Partial<HealthCheckData> = {}): HealthCheckData {
  return {
    timeoutMs: 500,
    intervalMs: 1000,
    initialJitterMs: 0,
    intervalJitterMs: 0,
    intervalJitterPercent: 0,
    unhealthyThreshold: 2,
    healthyThreshold: 2,
    altPort: 0,
    ignoresNewHosts: false,
    reuseConnection: true,
    noTrafficIntervalMs: 60_000,
    noTrafficHealthyIntervalMs: 70_000,
    unhealthyIntervalMs: 2000,
    unhealthyEdgeIntervalMs: 200,
    healthyEdgeIntervalMs: 300,
    eventLogPaths: [],
    alwaysLogFailures: false,
    alwaysLogSuccess: false,
    check: httpCheck(),
    sourceAddresses: [],
    transport: null,
    ...changes,
  };
}

/** A host on the loopback, reached by plain connections, that is checked for the cluster `backend`. */
export function plainTarget(port: number, hostname = ""): ProbeTarget {
  const address = { type: "ip", ip: "127.0.0.1", port } as const;
  return { address, hostname, clusterName: "backend", transportSocket: null, alpnProtocols: [], sourceAddresses: [] };
}
