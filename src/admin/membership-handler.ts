import { type AdminHandler, jsonResponse, textResponse, wantsJson } from "./admin-handler.ts";
import { textTable } from "./text-table.ts";
import type { DiscoveredClusterStatus, MembershipView } from "./views.ts";

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
    flaggedHosts.map(({ address, flags: names }) => [cluster, address, names.join(" ")]),
  );
  const table = textTable([["CLUSTER", "STATE", "VERSION", "HOSTS", "DISCOVERY"], ...rows]);
  return flags.length === 0 ? table : `${table}\n${textTable([["CLUSTER", "HOST", "HEALTH"], ...flags])}`;
}

function clusterJson({ flaggedHosts, ...cluster }: DiscoveredClusterStatus): object {
  return { ...cluster, flagged_hosts: flaggedHosts };
}
