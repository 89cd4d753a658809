import type { Cluster_CommonLbConfig } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { LocalityLbConfig } from "../../proto/gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js";
import type { LocalityRoutingData } from "../cluster-data.ts";

/** What of both forms of the setting is the same. */
type LocalityConfig = Pick<LocalityLbConfig | Cluster_CommonLbConfig, "localityConfigSpecifier">;

/** Compiles whether and how localities count; the same in `common_lb_config` and in the policies' own messages. */
export function compileLocalityRouting(message: LocalityConfig | undefined): LocalityRoutingData {
  const specifier = message?.localityConfigSpecifier;
  switch (specifier?.case) {
    case "localityWeightedLbConfig":
      return { type: "weighted" };
    case "zoneAwareLbConfig":
      return { type: "zoneAware", failTrafficOnPanic: specifier.value.failTrafficOnPanic };
    default:
      return { type: "none" };
  }
}
