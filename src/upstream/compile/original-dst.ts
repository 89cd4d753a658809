import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import { type MessageSupport, notYet, support, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  Cluster_OriginalDstLbConfigSchema,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { OriginalDstData } from "../cluster-data.ts";

const DEFAULT_HEADER = "x-envoy-original-dst-host";
const DEFAULT_CLEANUP_INTERVAL_MS = 5000;

/** Which fields of `original_dst_lb_config` are implemented. */
export const ORIGINAL_DST_SUPPORT: MessageSupport = support(Cluster_OriginalDstLbConfigSchema, {
  use_http_header: yes,
  http_header_name: yes,
  upstream_port_override: yes,
  metadata_key: notYet(undefined, "set use_http_header"),
});

/** Compiles what is special about an ORIGINAL_DST cluster; null for all others. `place` is the cluster's. */
export function compileOriginalDst(message: Cluster, place: Place, context: CompileContext): OriginalDstData | null {
  const { clusterDiscoveryType: type, lbPolicy, lbConfig } = message;
  const policyPlace = place.field("lb_policy");
  const wanted = type.case === "type" && type.value === Cluster_DiscoveryType.ORIGINAL_DST;
  if (!wanted) {
    // Other types say themselves what they need.
    if (lbPolicy === Cluster_LbPolicy.CLUSTER_PROVIDED && type.case !== "clusterType") {
      const text = "CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST and for aggregate clusters only";
      context.error(policyPlace, text, "name a policy");
    }
    return null;
  }
  if (lbPolicy !== Cluster_LbPolicy.CLUSTER_PROVIDED) {
    context.error(policyPlace, "an ORIGINAL_DST cluster needs CLUSTER_PROVIDED", "lb_policy: CLUSTER_PROVIDED");
  }
  if (message.loadAssignment !== undefined) {
    const text = "an ORIGINAL_DST cluster has no endpoints of its own";
    context.error(place.field("load_assignment"), text, "requests name them; take it away");
  }
  if (message.loadBalancingPolicy !== undefined) {
    context.error(place.field("load_balancing_policy"), "an ORIGINAL_DST cluster picks by itself", "take it away");
  }
  const settings = lbConfig.case === "originalDstLbConfig" ? lbConfig.value : undefined;
  const at = place.field("original_dst_lb_config");
  const useHttpHeader = settings?.useHttpHeader ?? false;
  const header = settings?.httpHeaderName ?? "";
  if (!useHttpHeader && header !== "") {
    context.error(at.field("http_header_name"), "the header is not used", "set use_http_header: true");
  } else if (!useHttpHeader) {
    const text = "where a redirected connection was going is not found out yet";
    context.unsupported(at.field("use_http_header"), text, "set use_http_header: true");
  }
  const portOverride = settings?.upstreamPortOverride ?? null;
  if (portOverride === 0) context.error(at.field("upstream_port_override"), "port 0 can't be connected to");
  return {
    header: header === "" ? DEFAULT_HEADER : header.toLowerCase(),
    portOverride,
    cleanupIntervalMs: durationMs(message.cleanupInterval, DEFAULT_CLEANUP_INTERVAL_MS),
  };
}
