import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type RouteAction_RequestMirrorPolicy,
  RouteAction_RequestMirrorPolicySchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { RequestMirrorData } from "../request-mirror.ts";
import { compileHeaderName } from "./header-name.ts";
import { compileRuntimeFraction } from "./route-match.ts";

/** What holds above a route or virtual host. */
export interface MirrorDefaults {
  /** Clusters that are named must exist. */
  readonly requireClusters: boolean;
  /** Those of a level without policies of its own. */
  readonly mirrors: readonly RequestMirrorData[];
}

/** The `request_mirror_policies` of a route, virtual host or route configuration, at `place`. */
export function compileRequestMirrors(
  messages: readonly RouteAction_RequestMirrorPolicy[],
  { requireClusters, mirrors }: MirrorDefaults,
  place: Place,
  context: CompileContext,
): readonly RequestMirrorData[] {
  if (messages.length === 0) return mirrors;
  return messages.map((message, i) => {
    const at = place.index(i);
    const { cluster, clusterHeader, runtimeFraction } = message;
    if (cluster === "" && clusterHeader === "") context.error(at, "needs a cluster or a cluster_header");
    if (cluster !== "" && clusterHeader !== "") context.error(at, "cluster and cluster_header exclude each other");
    if (cluster !== "" && requireClusters) context.requireResource("cluster", cluster, at.field("cluster"));
    return {
      cluster,
      clusterHeader: clusterHeader === "" ? "" : compileHeaderName(clusterHeader, at.field("cluster_header"), context),
      fraction: runtimeFraction === undefined ? null : compileRuntimeFraction(runtimeFraction),
      appendsShadow: !message.disableShadowHostSuffixAppend,
      traceSampled: message.traceSampled ?? null,
    };
  });
}

/** Which fields of the messages compiled here are implemented. */
export const requestMirrorsSupport: readonly MessageSupport[] = [supportAll(RouteAction_RequestMirrorPolicySchema)];
