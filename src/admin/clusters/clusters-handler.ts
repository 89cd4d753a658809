import { formatAddress } from "../../net/address.ts";
import { formatGeneral } from "../../stats/render/number-format.ts";
import { type AdminHandler, JSON_TYPE, textResponse, wantsJson } from "../admin-handler.ts";
import { printable } from "../printable.ts";
import { clusterStatusJson } from "./cluster-status-json.ts";
import type {
  CircuitBreakerLimits,
  ClusterStatus,
  ClustersView,
  HostStatus,
  OutlierAverages,
} from "./clusters-view.ts";

/** `/clusters`: the state of the upstreams, in Envoy's lines or as `envoy.admin.v3.Clusters`. */
export function clustersHandler(view: ClustersView): AdminHandler {
  return {
    path: "/clusters",
    access: "read",
    help: "upstream cluster status",
    params: [{ name: "format", help: "Format to use", kind: ["text", "json"] }],
    async handle(request) {
      const clusters = await view.clusters();
      return wantsJson(request)
        ? { status: 200, contentType: JSON_TYPE, body: clustersJson(clusters) }
        : textResponse(200, clustersText(clusters));
    },
  };
}

function* clustersJson(clusters: readonly ClusterStatus[]): Generator<string> {
  let separator = '{"cluster_statuses":[';
  for (const cluster of clusters) {
    yield `${separator}\n${JSON.stringify(clusterStatusJson(cluster), undefined, 1)}`;
    separator = ",";
  }
  yield clusters.length === 0 ? "{}\n" : "\n]}\n";
}

function* clustersText(clusters: readonly ClusterStatus[]): Generator<string> {
  for (const cluster of clusters) {
    const name = printable(cluster.name);
    let text = `${name}::observability_name::${printable(cluster.observabilityName)}\n`;
    if (cluster.outlier !== undefined) text += outlierText(name, cluster.outlier);
    text += limitsText(`${name}::default_priority`, cluster.thresholds.default);
    text += limitsText(`${name}::high_priority`, cluster.thresholds.high);
    text += `${name}::added_via_api::${cluster.addedViaApi}\n`;
    if (cluster.edsServiceName !== "") text += `${name}::eds_service_name::${printable(cluster.edsServiceName)}\n`;
    for (const host of cluster.hosts) text += hostText(`${name}::${printable(formatAddress(host.address))}`, host);
    yield text;
  }
}

function outlierText(name: string, outlier: OutlierAverages): string {
  return lines(`${name}::outlier`, [
    ["success_rate_average", formatGeneral(outlier.successRateAverage)],
    ["success_rate_ejection_threshold", formatGeneral(outlier.successRateEjectionThreshold)],
    ["local_origin_success_rate_average", formatGeneral(outlier.localOriginSuccessRateAverage)],
    ["local_origin_success_rate_ejection_threshold", formatGeneral(outlier.localOriginSuccessRateEjectionThreshold)],
  ]);
}

function limitsText(prefix: string, limits: CircuitBreakerLimits): string {
  return lines(prefix, [
    ["max_connections", limits.maxConnections],
    ["max_pending_requests", limits.maxPendingRequests],
    ["max_requests", limits.maxRequests],
    ["max_retries", limits.maxRetries],
  ]);
}

function hostText(prefix: string, host: HostStatus): string {
  const stats = Object.entries({ ...host.counters, ...host.gauges }).sort(([a], [b]) => (a < b ? -1 : 1));
  const flags = host.healthFlags.map((flag) => `/${flag}`).join("");
  return lines(prefix, [
    ...stats,
    ["hostname", printable(host.hostname)],
    ["health_flags", flags === "" ? "healthy" : flags],
    ["weight", host.weight],
    ["region", printable(host.locality.region)],
    ["zone", printable(host.locality.zone)],
    ["sub_zone", printable(host.locality.subZone)],
    ["canary", String(host.canary)],
    ["priority", host.priority],
    ["success_rate", host.successRate],
    ["local_origin_success_rate", host.localOriginSuccessRate],
  ]);
}

function lines(prefix: string, entries: readonly (readonly [string, string | number])[]): string {
  return entries.map(([key, value]) => `${prefix}::${key}::${value}\n`).join("");
}
