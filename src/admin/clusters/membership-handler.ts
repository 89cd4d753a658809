import { type AdminHandler, jsonResponse, textResponse, wantsJson } from "../admin-handler.ts";
import { printable } from "../printable.ts";
import { textTable } from "../text-table.ts";
import type { OutlierView } from "./clusters-view.ts";
import type { DiscoveredClusterStatus, MembershipView } from "./membership-view.ts";

/** `/membership`: how each cluster gets its hosts, and which hosts checks have put out of use. Troupe's own. */
export function membershipHandler(view: MembershipView): AdminHandler {
  return {
    path: "/membership",
    access: "read",
    help: "print how clusters with discovery get their hosts",
    params: [{ name: "format", help: "Format to use", kind: ["text", "json"] }],
    async handle(request) {
      const clusters = await view.clusters();
      if (wantsJson(request)) return jsonResponse(200, { clusters: clusters.map(clusterJson) });
      return textResponse(200, clusters.length === 0 ? "no cluster has discovery\n" : clustersText(clusters));
    },
  };
}

function clustersText(clusters: readonly DiscoveredClusterStatus[]): string {
  const rows = clusters.map(({ cluster, state, version, hosts, discovery }) => [
    cluster,
    state,
    String(version),
    String(hosts),
    JSON.stringify(discovery),
  ]);
  const flags = clusters.flatMap(({ cluster, flaggedHosts }) =>
    flaggedHosts.map(({ address, flags: names, why, failingForMs }) => [
      cluster,
      address,
      names.join(" "),
      failingForMs === undefined ? "-" : `${Math.round(failingForMs / 1000)}s`,
      printable(why ?? "-"),
    ]),
  );
  const ejections = clusters.flatMap(({ cluster, outlier }) =>
    (outlier?.ejections ?? []).map(({ address, reason, sinceMs, endsInMs, times }) => [
      cluster,
      address,
      reason,
      `${Math.round(sinceMs / 1000)}s ago`,
      `${Math.round(endsInMs / 1000)}s`,
      String(times),
    ]),
  );
  const table = textTable([["CLUSTER", "STATE", "VERSION", "HOSTS", "DISCOVERY"], ...rows]);
  const health =
    flags.length === 0 ? "" : `\n${textTable([["CLUSTER", "HOST", "HEALTH", "FAILING FOR", "WHY"], ...flags])}`;
  const head = ["CLUSTER", "EJECTED HOST", "REASON", "SINCE", "ENDS IN", "TIMES"];
  return `${table}${health}${ejections.length === 0 ? "" : `\n${textTable([head, ...ejections])}`}`;
}

function clusterJson({ flaggedHosts, outlier, ...cluster }: DiscoveredClusterStatus): object {
  const flagged = flaggedHosts.map(({ failingForMs, ...host }) => ({
    ...host,
    ...(failingForMs !== undefined && { failing_for_ms: Math.round(failingForMs) }),
  }));
  return { ...cluster, flagged_hosts: flagged, ...(outlier !== null && { outlier: outlierJson(outlier) }) };
}

function outlierJson(outlier: OutlierView): object {
  return {
    success_rate_average: outlier.successRateAverage,
    success_rate_ejection_threshold: outlier.successRateEjectionThreshold,
    local_origin_success_rate_average: outlier.localOriginSuccessRateAverage,
    local_origin_success_rate_ejection_threshold: outlier.localOriginSuccessRateEjectionThreshold,
    ejections: outlier.ejections.map(({ address, reason, sinceMs, endsInMs, times }) => ({
      address,
      reason,
      since_ms: Math.round(sinceMs),
      ends_in_ms: Math.round(endsInMs),
      times,
    })),
  };
}
