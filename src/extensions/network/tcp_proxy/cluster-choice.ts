import type { RandomSource } from "../../../base/random.ts";
import type { ConnectionState } from "../../../net/connection-state.ts";
import { PER_CONNECTION_CLUSTER_KEY } from "../../../upstream/tcp-proxy-keys.ts";
import type { TcpClusterData, TcpProxyData } from "./tcp-proxy-data.ts";

/**
 * The cluster of a connection: the one that another filter has named (`envoy.tcp_proxy.cluster`), else the configured one, or
 * one of several by weight.
 */
export function chooseCluster(data: TcpProxyData, state: ConnectionState, random: RandomSource): TcpClusterData {
  const named = state.filterState?.get(PER_CONNECTION_CLUSTER_KEY);
  if (typeof named === "string") return { name: named, weight: 1, metadataMatch: data.metadataMatch };
  const { clusters } = data;
  if (clusters.length === 1) return clusters[0]!;
  let draw = Math.floor(random.fraction() * clusters.reduce((sum, { weight }) => sum + weight, 0));
  for (const cluster of clusters) {
    draw -= cluster.weight;
    if (draw < 0) return cluster;
  }
  return clusters.at(-1)!;
}
