import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { Metadata } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import type {
  RouteAction,
  WeightedCluster,
  WeightedCluster_ClusterWeight,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { ClusterSpecifierData, WeightedClusterData } from "../route-table-data.ts";
import { compileHeaderName } from "./header-name.ts";
import { compileRouteLevel } from "./route-level.ts";

const LARGEST_TOTAL_WEIGHT = 0xffff_ffff;

/** Namespace in which endpoints carry what subset load balancing looks at. */
const LB_NAMESPACE = "envoy.lb";

/** What a host's metadata must hold; null if nothing. */
export function lbMetadata(message: Metadata | undefined): Readonly<Record<string, unknown>> | null {
  return message !== undefined && Object.hasOwn(message.filterMetadata, LB_NAMESPACE)
    ? message.filterMetadata[LB_NAMESPACE]!
    : null;
}

/** Where a route's requests go. `requireClusters`: clusters named here must exist. */
export function compileClusterSpecifier(
  message: RouteAction,
  requireClusters: boolean,
  place: Place,
  context: CompileContext,
): ClusterSpecifierData {
  const specifier = message.clusterSpecifier;
  switch (specifier.case) {
    case "cluster":
      if (requireClusters) context.requireResource("cluster", specifier.value, place.field("cluster"));
      return { type: "name", name: specifier.value };
    case "clusterHeader":
      return {
        type: "header",
        header: compileHeaderName(specifier.value, place.field("cluster_header"), context),
      };
    case "weightedClusters":
      return compileWeighted(specifier.value, message, requireClusters, place.field("weighted_clusters"), context);
    default:
      return { type: "name", name: "" };
  }
}

function compileWeighted(
  message: WeightedCluster,
  route: RouteAction,
  requireClusters: boolean,
  place: Place,
  context: CompileContext,
): ClusterSpecifierData {
  const clustersPlace = place.field("clusters");
  const clusters = message.clusters.map((cluster, i) => {
    const at = clustersPlace.index(i);
    if (requireClusters && cluster.name !== "") context.requireResource("cluster", cluster.name, at.field("name"));
    return compileCluster(cluster, message.runtimeKeyPrefix, route, at, context);
  });
  const totalWeight = clusters.reduce((sum, cluster) => sum + cluster.weight.value, 0);
  if (totalWeight === 0) context.error(clustersPlace, "the sum of the weights must not be 0");
  if (totalWeight > LARGEST_TOTAL_WEIGHT) {
    context.error(clustersPlace, `the sum of the weights is ${totalWeight}, more than ${LARGEST_TOTAL_WEIGHT}`);
  }
  const specifier = message.randomValueSpecifier;
  const header = specifier.case === "headerName" ? specifier.value : "";
  const randomHeader = header === "" ? "" : compileHeaderName(header, place.field("header_name"), context);
  return { type: "weighted", clusters, randomHeader };
}

function compileCluster(
  message: WeightedCluster_ClusterWeight,
  runtimeKeyPrefix: string,
  route: RouteAction,
  place: Place,
  context: CompileContext,
): WeightedClusterData {
  const { name, clusterHeader, weight, hostRewriteSpecifier } = message;
  if (name === "" && clusterHeader === "") context.error(place, "needs a name or a cluster_header");
  if (name !== "" && clusterHeader !== "") context.error(place, "name and cluster_header exclude each other");
  if (weight === undefined) context.error(place.field("weight"), "is required");
  const routeMatch = lbMetadata(route.metadataMatch);
  const ownMatch = lbMetadata(message.metadataMatch);
  return {
    ...compileRouteLevel(message, place, context),
    name,
    header: clusterHeader === "" ? "" : compileHeaderName(clusterHeader, place.field("cluster_header"), context),
    weight: { value: weight ?? 0, runtimeKey: runtimeKeyPrefix === "" ? "" : `${runtimeKeyPrefix}.${name}` },
    metadataMatch: routeMatch === null && ownMatch === null ? null : { ...routeMatch, ...ownMatch },
    hostRewriteLiteral: hostRewriteSpecifier.value ?? "",
  };
}
