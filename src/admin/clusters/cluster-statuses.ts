import { formatAddress } from "../../net/address.ts";
import { type ClusterData, metadataMap, type ThresholdsData } from "../../upstream/cluster-data.ts";
import type { ClusterInspection, HostInspection } from "../../upstream/cluster-inspection.ts";
import { HealthFlag as Flag } from "../../upstream/membership/health-flag.ts";
import { type ClusterHost, clusterHosts, countedClusters, type KnownMembers } from "./cluster-hosts.ts";
import type { CircuitBreakerLimits, ClusterStatus, HealthFlag, HostStatus, OutlierView } from "./clusters-view.ts";

/** What the main side knows of clusters, by name. */
export interface ClusterKnowledge {
  /** Hosts of those with discovery, or whose hosts are watched. */
  readonly members: ReadonlyMap<string, KnownMembers>;
  /** What outlier detection knows. */
  readonly outliers: ReadonlyMap<string, OutlierView>;
}

/**
 * What `/clusters` shows: the clusters of the configuration with their hosts, and what the workers have counted. A cluster or host that
 * no worker has used shows zeros. Hosts of an ORIGINAL_DST cluster are those that workers know.
 */
export function clusterStatuses(
  clusters: readonly ClusterData[],
  perWorker: readonly (readonly ClusterInspection[])[],
  { members, outliers }: ClusterKnowledge = { members: new Map(), outliers: new Map() },
): ClusterStatus[] {
  const used = countedClusters(perWorker);
  return clusters.map((cluster) => {
    const hosts = new Map(used.get(cluster.name)?.hosts.map((host) => [host.address, host]));
    const known = members.get(cluster.name);
    const outlier = outliers.get(cluster.name);
    const rates = new Map(outlier?.successRates.map(([address, ...ofHost]) => [address, ofHost]));
    return {
      name: cluster.name,
      observabilityName: cluster.observabilityName,
      addedViaApi: false,
      edsServiceName: known?.edsServiceName ?? "",
      thresholds: {
        default: limitsOf(cluster.circuitBreakers.default),
        high: limitsOf(cluster.circuitBreakers.high),
      },
      outlier,
      hosts: clusterHosts(cluster, known, used).map((host) => {
        const address = formatAddress(host.endpoint.address);
        return hostStatus(host, hosts.get(address), rates.get(address));
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
  { endpoint, healthFlags: flags }: ClusterHost,
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
    healthFlags: [...checkedFlags(flags), ...healthFlags(endpoint)],
    weight: endpoint.weight,
    locality: endpoint.locality,
    canary: metadataMap(endpoint.metadata).get("envoy.lb")?.canary === true,
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

function healthFlags({ healthStatus }: ClusterHost["endpoint"]): readonly HealthFlag[] {
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
