import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import { type Cluster, Cluster_LbPolicy } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { ClusterData, ConnectionSettingsData } from "../cluster-data.ts";

const AGGREGATE = "envoy.clusters.aggregate";
const PROXY_PROTOCOL = "envoy.transport_sockets.upstream_proxy_protocol";

/** Compiles `cluster_type`: the clusters of an aggregate cluster; null for all other clusters. `place` is the cluster's. */
export function compileAggregate(message: Cluster, place: Place, context: CompileContext): ClusterData["aggregate"] {
  const { clusterDiscoveryType: type, lbPolicy } = message;
  if (type.case !== "clusterType") return null;
  const compiled = context.extension("envoy.clusters", type.value, place.field("cluster_type"));
  if (compiled?.extension !== AGGREGATE) return null;
  if (lbPolicy !== Cluster_LbPolicy.CLUSTER_PROVIDED) {
    const text = "an aggregate cluster needs CLUSTER_PROVIDED";
    context.error(place.field("lb_policy"), text, "lb_policy: CLUSTER_PROVIDED");
  }
  if (message.loadBalancingPolicy !== undefined) {
    context.error(place.field("load_balancing_policy"), "an aggregate cluster picks by itself", "take it away");
  }
  if (message.loadAssignment !== undefined) {
    const text = "an aggregate cluster has no endpoints of its own";
    context.error(place.field("load_assignment"), text, "name a cluster that has them in clusters");
  }
  for (const [field, isSet] of unusedSettings(message)) {
    if (!isSet) continue;
    const text = `${field} has no effect: the hosts and connections of an aggregate cluster are those of its clusters`;
    context.warning(place.field(field), text, "set it there");
  }
  return compiled.data as readonly string[];
}

function unusedSettings(message: Cluster): [field: string, isSet: boolean][] {
  return [
    ["health_checks", message.healthChecks.length > 0],
    ["outlier_detection", message.outlierDetection !== undefined],
    ["lb_subset_config", message.lbSubsetConfig !== undefined],
    ["preconnect_policy", message.preconnectPolicy !== undefined],
    ["transport_socket", message.transportSocket !== undefined],
    ["transport_socket_matches", message.transportSocketMatches.length > 0],
    ["upstream_bind_config", message.upstreamBindConfig !== undefined],
    ["eds_cluster_config", message.edsClusterConfig !== undefined],
  ];
}

/**
 * Says why a cluster's hosts can't be used by aggregate clusters, if they can't. That aggregate clusters can't be part of others also keeps them from
 * naming one another in a circle. Differs from Envoy: there, those and clusters of type ORIGINAL_DST are parts that never get a request.
 */
export function refuseAggregation(
  { aggregate, originalDst, connectionSettings }: Pick<ClusterData, "aggregate" | "originalDst" | "connectionSettings">,
  context: CompileContext,
): void {
  const refuse = (why: string): void => context.refuseUse("aggregate", `can't be part of an aggregate cluster: ${why}`);
  if (aggregate !== null) refuse("it is one itself and has no hosts of its own");
  if (originalDst !== null) refuse("its hosts are named by requests");
  if (connectionSettings.poolPerDownstreamConnection) {
    refuse("connection_pool_per_downstream_connection is not supported there yet");
  }
  if (speaksProxyProtocol(connectionSettings)) {
    refuse("the PROXY protocol to hosts is not supported there yet");
  }
}

function speaksProxyProtocol({ transportSocket, transportSocketMatches }: ConnectionSettingsData): boolean {
  const sockets = [transportSocket, ...transportSocketMatches.map((match) => match.transportSocket)];
  return sockets.some((socket) => socket?.extension === PROXY_PROTOCOL);
}
