import { formatAddress } from "../../net/address.ts";
import type { ClusterData, EndpointData, ThresholdsData } from "../../upstream/cluster-data.ts";
import {
  type ClusterInspection,
  type HostInspection,
  mergeClusterInspections,
} from "../../upstream/cluster-inspection.ts";
import { HealthFlag as Flag } from "../../upstream/membership/health-flag.ts";
import type { CircuitBreakerLimits, ClusterStatus, HealthFlag, HostStatus, OutlierView } from "./clusters-view.ts";

/**
 * What `/clusters` shows: the clusters of the configuration, with what the workers have counted. A cluster or host that
 * no worker has used shows zeros. `outliers`: what outlier detection knows, by cluster.
 */
export function clusterStatuses(
  clusters: readonly ClusterData[],
  perWorker: readonly (readonly ClusterInspection[])[],
  outliers: ReadonlyMap<string, OutlierView> = new Map(),
): ClusterStatus[] {
  const used = new Map(mergeClusterInspections(perWorker).map((cluster) => [cluster.name, cluster]));
  return clusters.map((cluster) => {
    const hosts = new Map(used.get(cluster.name)?.hosts.map((host) => [host.address, host]));
    const outlier = outliers.get(cluster.name);
    const rates = new Map(outlier?.successRates.map(([address, ...ofHost]) => [address, ofHost]));
    return {
      name: cluster.name,
      observabilityName: cluster.observabilityName,
      addedViaApi: false,
      edsServiceName: "",
      thresholds: {
        default: limitsOf(cluster.circuitBreakers.default),
        high: limitsOf(cluster.circuitBreakers.high),
      },
      outlier,
      hosts: cluster.endpoints.map((endpoint) => {
        const address = formatAddress(endpoint.address);
        return hostStatus(endpoint, hosts.get(address), rates.get(address));
      }),
    };
  });
}

function limitsOf({
  maxConnections,
  maxPendingRequests,
  maxRequests,
  maxRetries,
}: ThresholdsData): CircuitBreakerLimits {
  return { maxConnections, maxPendingRequests, maxRequests, maxRetries };
}

function hostStatus(
  endpoint: EndpointData,
  counted: HostInspection | undefined,
  [successRate, localOriginSuccessRate]: readonly [number, number] = [-1, -1],
): HostStatus {
  const stats = counted?.stats;
  return {
    address: endpoint.address,
    hostname: endpoint.hostname,
    counters: {
      cx_connect_fail: stats?.cxConnectFail ?? 0,
      cx_total: stats?.cxTotal ?? 0,
      rq_error: stats?.rqError ?? 0,
      rq_success: stats?.rqSuccess ?? 0,
      rq_timeout: stats?.rqTimeout ?? 0,
      rq_total: stats?.rqTotal ?? 0,
    },
    gauges: { cx_active: stats?.cxActive ?? 0, rq_active: stats?.rqActive ?? 0 },
    healthFlags: [...checkedFlags(counted?.healthFlags ?? 0), ...healthFlags(endpoint)],
    weight: endpoint.weight,
    locality: endpoint.locality,
    canary: counted?.canary ?? false,
    priority: endpoint.priority,
    successRate,
    localOriginSuccessRate,
  };
}

const CHECKED_FLAGS: readonly (readonly [bit: number, flag: HealthFlag])[] = [
  [Flag.failedActiveHc, "failed_active_hc"],
  [Flag.failedOutlierCheck, "failed_outlier_check"],
  [Flag.degradedActiveHc, "degraded_active_hc"],
  [Flag.pendingDynamicRemoval, "pending_dynamic_removal"],
  [Flag.pendingActiveHc, "pending_active_hc"],
  [Flag.excludedViaImmediateHcFail, "excluded_via_immediate_hc_fail"],
  [Flag.activeHcTimeout, "active_hc_timeout"],
];

function checkedFlags(bits: number): HealthFlag[] {
  return CHECKED_FLAGS.filter(([bit]) => (bits & bit) !== 0).map(([, flag]) => flag);
}

function healthFlags({ healthStatus }: EndpointData): readonly HealthFlag[] {
  switch (healthStatus) {
    case "unknown":
    case "healthy":
      return [];
    case "degraded":
      return ["degraded_eds_health"];
    case "draining":
      return ["failed_eds_health", "eds_status_draining"];
    case "unhealthy":
    case "timeout":
      return ["failed_eds_health"];
  }
}
