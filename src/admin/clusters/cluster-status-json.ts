import type { Address } from "../../net/address.ts";
import type { CircuitBreakerLimits, ClusterStatus, HealthFlag, HostStatus } from "./clusters-view.ts";

/** An address as the JSON of `envoy.config.core.v3.Address`. */
export function addressJson(address: Address): object {
  return address.type === "ip"
    ? { socket_address: { address: address.ip, port_value: address.port } }
    : { pipe: address.mode === 0 ? { path: address.path } : { path: address.path, mode: address.mode } };
}

/** A cluster as the JSON of `envoy.admin.v3.ClusterStatus`; like Envoy's, without fields that have their default. */
export function clusterStatusJson(cluster: ClusterStatus): object {
  const { outlier } = cluster;
  return {
    name: cluster.name,
    ...(cluster.addedViaApi ? { added_via_api: true } : {}),
    ...positivePercent("success_rate_ejection_threshold", outlier?.successRateEjectionThreshold),
    ...(cluster.hosts.length === 0 ? {} : { host_statuses: cluster.hosts.map(hostStatusJson) }),
    ...positivePercent(
      "local_origin_success_rate_ejection_threshold",
      outlier?.localOriginSuccessRateEjectionThreshold,
    ),
    circuit_breakers: {
      thresholds: [
        limitsJson(cluster.thresholds.default),
        { priority: "HIGH", ...limitsJson(cluster.thresholds.high) },
      ],
    },
    observability_name: cluster.observabilityName,
    ...(cluster.edsServiceName === "" ? {} : { eds_service_name: cluster.edsServiceName }),
  };
}

function positivePercent(name: string, value: number | undefined): object {
  return value !== undefined && value > 0 ? { [name]: { value } } : {};
}

function limitsJson(limits: CircuitBreakerLimits) {
  return {
    max_connections: limits.maxConnections,
    max_pending_requests: limits.maxPendingRequests,
    max_requests: limits.maxRequests,
    max_retries: limits.maxRetries,
  };
}

function hostStatusJson(host: HostStatus): object {
  const { region, zone, subZone } = host.locality;
  return {
    address: addressJson(host.address),
    stats: [
      ...sorted(host.counters).map(([name, value]) => ({ name, ...valueJson(value) })),
      ...sorted(host.gauges).map(([name, value]) => ({ type: "GAUGE", name, ...valueJson(value) })),
    ],
    health_status: healthJson(host.healthFlags),
    ...(host.successRate >= 0 ? { success_rate: { value: host.successRate } } : {}),
    weight: host.weight,
    ...(host.hostname === "" ? {} : { hostname: host.hostname }),
    ...(host.priority === 0 ? {} : { priority: host.priority }),
    ...(host.localOriginSuccessRate >= 0 ? { local_origin_success_rate: { value: host.localOriginSuccessRate } } : {}),
    locality: {
      ...(region === "" ? {} : { region }),
      ...(zone === "" ? {} : { zone }),
      ...(subZone === "" ? {} : { sub_zone: subZone }),
    },
  };
}

/** Numbers of 64 bits are strings in the JSON of protos, and zero is left out. */
function valueJson(value: number): object {
  return value === 0 ? {} : { value: String(value) };
}

function sorted(stats: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(stats).sort(([a], [b]) => (a < b ? -1 : 1));
}

const HEALTH_FIELDS: readonly (readonly [HealthFlag, string])[] = [
  ["failed_active_hc", "failed_active_health_check"],
  ["failed_outlier_check", "failed_outlier_check"],
  ["degraded_active_hc", "failed_active_degraded_check"],
  ["pending_dynamic_removal", "pending_dynamic_removal"],
  ["pending_active_hc", "pending_active_hc"],
  ["excluded_via_immediate_hc_fail", "excluded_via_immediate_hc_fail"],
  ["active_hc_timeout", "active_hc_timeout"],
];

function healthJson(flags: readonly HealthFlag[]): object {
  const eds = flags.includes("failed_eds_health")
    ? "UNHEALTHY"
    : flags.includes("degraded_eds_health")
      ? "DEGRADED"
      : flags.includes("eds_status_draining")
        ? "DRAINING"
        : "HEALTHY";
  const raised = HEALTH_FIELDS.filter(([flag]) => flags.includes(flag)).map(([, field]) => [field, true]);
  return { ...Object.fromEntries(raised), eds_health_status: eds };
}
