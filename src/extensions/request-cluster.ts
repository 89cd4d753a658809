import type { StreamFilterCallbacks } from "../http/filter.ts";
import type { RequestHeaderMap } from "../http/header-map.ts";
import type { Route } from "../route/route.ts";
import type { ClusterStats } from "../upstream/cluster-stats.ts";
import type { ClusterDirectory } from "../upstream/thread-local-cluster.ts";

/** The stats of the cluster that a request goes to, as it is now; null if it goes to none. */
export function clusterStatsOf(
  callbacks: StreamFilterCallbacks,
  headers: RequestHeaderMap,
  clusters: ClusterDirectory,
): ClusterStats | null {
  const route = callbacks.route() as Route | null;
  if (route?.action.type !== "forward") return null;
  return clusters.get(route.action.clusterName(headers))?.info.stats ?? null;
}
