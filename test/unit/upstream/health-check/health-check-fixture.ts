import type { HealthCheckData, HttpCheckData } from "../../../../src/upstream/health-check/health-check-data.ts";

/** An HTTP check of `/` with Envoy's defaults. */
export function httpCheck(changes: Partial<HttpCheckData> = {}): HttpCheckData {
  return {
    type: "http",
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
    reuseConnection: true,
    noTrafficIntervalMs: 60_000,
    noTrafficHealthyIntervalMs: 70_000,
    unhealthyIntervalMs: 2000,
    unhealthyEdgeIntervalMs: 200,
    healthyEdgeIntervalMs: 300,
    eventLogPath: "",
    alwaysLogFailures: false,
    alwaysLogSuccess: false,
    check: httpCheck(),
    ...changes,
  };
}
