import { type Address, formatAddress, ipOfAddress } from "../../net/address.ts";
import { type ClusterData, type EndpointData, metadataMap, type ThresholdsData } from "../../upstream/cluster-data.ts";
import {
  type ClusterInspection,
  type HostInspection,
  mergeClusterInspections,
} from "../../upstream/cluster-inspection.ts";
import { HealthFlag as Flag } from "../../upstream/membership/health-flag.ts";
import type { MemberData } from "../../upstream/membership/membership-delta.ts";
import type { CircuitBreakerLimits, ClusterStatus, HealthFlag, HostStatus, OutlierView } from "./clusters-view.ts";

type ClusterMember = Pick<MemberData, "endpoint" | "healthFlags">;
type ShownEndpoint = Omit<EndpointData, "localityWeight" | "healthCheck">;

/** What the main side knows of clusters, by name. */
export interface ClusterKnowledge {
  /** Hosts of those with discovery, or whose hosts are watched. */
  readonly members: ReadonlyMap<
    string,
    { readonly edsServiceName: string; readonly members: readonly ClusterMember[] }
  >;
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
  const used = new Map(mergeClusterInspections(perWorker).map((cluster) => [cluster.name, cluster]));
  return clusters.map((cluster) => {
    const counted = used.get(cluster.name)?.hosts ?? [];
    const hosts = new Map(counted.map((host) => [host.address, host]));
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
      hosts:
        cluster.originalDst !== null
          ? counted.map((host) => hostStatus(chosenEndpoint(host), 0, host))
          : (known?.members ?? fixedMembers(cluster)).map(({ endpoint, healthFlags }) => {
              const address = formatAddress(endpoint.address);
              return hostStatus(endpoint, healthFlags, hosts.get(address), rates.get(address));
            }),
    };
  });
}

function fixedMembers({ endpoints }: ClusterData): ClusterMember[] {
  return endpoints.map((endpoint) => ({ endpoint, healthFlags: 0 }));
}

/** A host that requests have named. */
function chosenEndpoint({ address, weight, priority, locality, hostname }: HostInspection): ShownEndpoint {
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  const at: Address = { type: "ip", ip: ipOfAddress(address), port };
  return { address: at, hostname, weight, priority, locality, healthStatus: "unknown", metadata: [] };
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
  endpoint: ShownEndpoint,
  flags: number,
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

function healthFlags({ healthStatus }: ShownEndpoint): readonly HealthFlag[] {
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
