import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type {
  Cluster_CommonLbConfig,
  Cluster_CommonLbConfig_ZoneAwareLbConfig,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type {
  LocalityLbConfig,
  LocalityLbConfig_ZoneAwareLbConfig,
} from "../../proto/gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js";
import type { LocalityRoutingData } from "../cluster-data.ts";

const DEFAULT_MIN_CLUSTER_SIZE = 6;
const NOWHERE = { region: "", zone: "", subZone: "" };

type ZoneAwareConfig = Cluster_CommonLbConfig_ZoneAwareLbConfig | LocalityLbConfig_ZoneAwareLbConfig;

/** What of both forms of the setting is the same. */
type LocalityConfig = Pick<LocalityLbConfig | Cluster_CommonLbConfig, "localityConfigSpecifier">;

/**
 * Compiles whether and how localities count; the same in `common_lb_config` and in the policies' own messages. With a local cluster,
 * zones count unless something else is said. `place` is where the proxy's own cluster is needed.
 */
export function compileLocalityRouting(
  message: LocalityConfig | undefined,
  place: Place,
  context: CompileContext,
): LocalityRoutingData {
  const specifier = message?.localityConfigSpecifier;
  if (specifier?.case === "localityWeightedLbConfig") return { type: "weighted" };
  const settings = specifier?.case === "zoneAwareLbConfig" ? specifier.value : undefined;
  const { localCluster: known } = context.facts;
  // The proxies do not balance among themselves by where they are.
  const localCluster = known?.name === context.owner.name ? undefined : known;
  if (localCluster === undefined && settings === undefined) return { type: "none" };
  if (localCluster !== undefined) context.requireResource("cluster", localCluster.name, place);
  return zoneAware(settings, localCluster);
}

function zoneAware(
  settings: ZoneAwareConfig | undefined,
  localCluster: CompileContext["facts"]["localCluster"],
): LocalityRoutingData {
  return {
    type: "zoneAware",
    localCluster: localCluster?.name ?? "",
    ownLocality: localCluster?.locality ?? NOWHERE,
    routingEnabledPercent: settings?.routingEnabled?.value ?? 100,
    minClusterSize: Number(settings?.minClusterSize ?? DEFAULT_MIN_CLUSTER_SIZE),
    failTrafficOnPanic: settings?.failTrafficOnPanic ?? false,
  };
}
