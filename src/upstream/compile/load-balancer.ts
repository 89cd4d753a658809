import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import {
  type Cluster,
  Cluster_LbPolicy,
  Cluster_RingHashLbConfig_HashFunction as HashFunction,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { BalancingData, ClusterData, HashBalanceData, LoadBalancerData } from "../cluster-data.ts";
import { compileLeastRequest, compileSlowStart } from "./edf-policies.ts";
import { ENDPOINT_HEALTH } from "./endpoints.ts";
import { compileHashRing, compileMaglev } from "./hash-policies.ts";
import { compileLoadBalancingPolicy } from "./load-balancing-policy.ts";
import { compileLocalityRouting } from "./locality-routing.ts";
import { compileSubsets } from "./subsets.ts";

/** The policy that each `lb_config` belongs to. */
const POLICY_OF_CONFIG: ReadonlyMap<string | undefined, Cluster_LbPolicy> = new Map([
  ["roundRobinLbConfig", Cluster_LbPolicy.ROUND_ROBIN],
  ["leastRequestLbConfig", Cluster_LbPolicy.LEAST_REQUEST],
  ["ringHashLbConfig", Cluster_LbPolicy.RING_HASH],
  ["maglevLbConfig", Cluster_LbPolicy.MAGLEV],
]);

/** Compiles `load_balancing_policy`, or else `lb_policy` and what belongs to it. `place` is the cluster's. */
export function compileBalancing(message: Cluster, place: Place, context: CompileContext): BalancingData {
  const list = message.loadBalancingPolicy;
  if (list !== undefined) {
    refuseOldSettings(message, place, context);
    return compileLoadBalancingPolicy(list, place.field("load_balancing_policy"), context);
  }
  if (message.lbPolicy === Cluster_LbPolicy.LOAD_BALANCING_POLICY_CONFIG) {
    context.error(place.field("lb_policy"), "load_balancing_policy is missing", "it says which policy is meant");
  }
  const { lbSubsetConfig } = message;
  const at = place.field("lb_subset_config");
  const locality = compileLocalityRouting(message.commonLbConfig, place, context);
  if (lbSubsetConfig?.localityWeightAware === true && locality.type !== "weighted") {
    const text = "localities have no weights: locality_weighted_lb_config is not set";
    context.error(at.field("locality_weight_aware"), text);
  }
  return {
    loadBalancer: compileLoadBalancer(message, place, context),
    locality,
    subsets: lbSubsetConfig === undefined ? null : compileSubsets(lbSubsetConfig, at, context),
  };
}

/** The policy's own message says all of it: what stands elsewhere would be ignored. */
function refuseOldSettings({ commonLbConfig, lbSubsetConfig }: Cluster, place: Place, context: CompileContext): void {
  const common = place.field("common_lb_config");
  const refuse = (at: Place): void => {
    context.error(
      at,
      "load_balancing_policy is set, and this would be ignored",
      "move it into the policy's own settings",
    );
  };
  if (lbSubsetConfig !== undefined) refuse(place.field("lb_subset_config"));
  const locality = commonLbConfig?.localityConfigSpecifier.case;
  if (locality === "zoneAwareLbConfig") refuse(common.field("zone_aware_lb_config"));
  if (locality === "localityWeightedLbConfig") refuse(common.field("locality_weighted_lb_config"));
  if (commonLbConfig?.consistentHashingLbConfig !== undefined) refuse(common.field("consistent_hashing_lb_config"));
}

function compileLoadBalancer(message: Cluster, place: Place, context: CompileContext): LoadBalancerData {
  const { lbConfig, lbPolicy } = message;
  const configured = POLICY_OF_CONFIG.get(lbConfig.case);
  if (configured !== undefined && configured !== lbPolicy) {
    const text = `the settings of ${Cluster_LbPolicy[configured]} are unused: lb_policy is ${Cluster_LbPolicy[lbPolicy]}`;
    context.warning(place.field("lb_policy"), text);
  }
  switch (lbPolicy) {
    case Cluster_LbPolicy.RANDOM:
      return { type: "random" };
    case Cluster_LbPolicy.LEAST_REQUEST: {
      const settings = lbConfig.case === "leastRequestLbConfig" ? lbConfig.value : undefined;
      return compileLeastRequest(settings, false, place.field("least_request_lb_config"), context);
    }
    case Cluster_LbPolicy.RING_HASH:
    case Cluster_LbPolicy.MAGLEV:
      return compileHashing(message, place, context);
    default: {
      const settings = lbConfig.case === "roundRobinLbConfig" ? lbConfig.value.slowStartConfig : undefined;
      return {
        type: "roundRobin",
        slowStart: compileSlowStart(settings, place.field("round_robin_lb_config"), context),
      };
    }
  }
}

function compileHashing(message: Cluster, place: Place, context: CompileContext): LoadBalancerData {
  const { lbConfig, lbPolicy, commonLbConfig } = message;
  const useHostname = commonLbConfig?.consistentHashingLbConfig?.useHostnameForHashing ?? false;
  const balance: HashBalanceData = {
    balanceFactorPercent: commonLbConfig?.consistentHashingLbConfig?.hashBalanceFactor ?? 0,
  };
  if (lbPolicy === Cluster_LbPolicy.MAGLEV) {
    const size = lbConfig.case === "maglevLbConfig" ? lbConfig.value.tableSize : undefined;
    const table = compileMaglev(size, useHostname, place.field("maglev_lb_config"), context);
    return { type: "maglev", table, ...balance };
  }
  const settings = lbConfig.case === "ringHashLbConfig" ? lbConfig.value : undefined;
  const hashFunction = settings?.hashFunction === HashFunction.MURMUR_HASH_2 ? "murmurHash2" : "xxHash";
  const ring = compileHashRing(settings, hashFunction, useHostname, place.field("ring_hash_lb_config"), context);
  return { type: "ringHash", ring, ...balance };
}

/** Compiles how traffic spreads over priorities and what happens in a panic. */
export function compilePriorityLoad(message: Cluster): ClusterData["priorityLoad"] {
  const policy = message.loadAssignment?.policy;
  return {
    panicThresholdPercent: message.commonLbConfig?.healthyPanicThreshold?.value ?? 50,
    overprovisioningFactorPercent: policy?.overprovisioningFactor ?? 140,
    weightedPriorityHealth: policy?.weightedPriorityHealth ?? false,
  };
}

/** Compiles `override_host_status`. */
export function compileOverrideHostStatuses(message: Cluster): ClusterData["overrideHostStatuses"] {
  const statuses = message.commonLbConfig?.overrideHostStatus?.statuses;
  if (statuses === undefined) return ["unknown", "healthy", "degraded"];
  return [...new Set(statuses.map((status) => ENDPOINT_HEALTH[status] ?? "unknown"))];
}
