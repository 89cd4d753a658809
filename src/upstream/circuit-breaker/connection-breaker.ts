import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import type { CircuitBreaker, ResourcePriority } from "./circuit-breaker.ts";

/**
 * What a new connection to a host has to keep to: the limit of the cluster, and that of the host if it has one. The host's connections of
 * both priorities count for each of its limits. Source: Envoy's `HostDescription::canCreateConnection`.
 */
export function connectionBreaker(info: ClusterInfo, host: Host, priority: ResourcePriority): CircuitBreaker {
  const ofCluster = info.circuitBreakers[priority].connections;
  return info.hostConnectionLimits?.breaker(host, priority, ofCluster) ?? ofCluster;
}
