import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import {
  type Cluster,
  Cluster_LbPolicy,
  Cluster_RingHashLbConfig_HashFunction as HashFunction,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { ClusterData, HashBalanceData, LoadBalancerData } from "../cluster-data.ts";
import { compileHashRing, compileMaglev } from "./hash-policies.ts";

/** The policy that each `lb_config` belongs to. */
const POLICY_OF_CONFIG: ReadonlyMap<string | undefined, Cluster_LbPolicy> = new Map([
  ["roundRobinLbConfig", Cluster_LbPolicy.ROUND_ROBIN],
  ["leastRequestLbConfig", Cluster_LbPolicy.LEAST_REQUEST],
  ["ringHashLbConfig", Cluster_LbPolicy.RING_HASH],
  ["maglevLbConfig", Cluster_LbPolicy.MAGLEV],
]);

/** Compiles `lb_policy` and its settings. `place` is the cluster's. */
export function compileLoadBalancer(message: Cluster, place: Place, context: CompileContext): LoadBalancerData {
  const { lbConfig, lbPolicy } = message;
  const configured = POLICY_OF_CONFIG.get(lbConfig.case);
  if (configured !== undefined && configured !== lbPolicy) {
    const text = `the settings of ${Cluster_LbPolicy[configured]} are unused: lb_policy is ${Cluster_LbPolicy[lbPolicy]}`;
    context.warning(place.field("lb_policy"), text);
  }
  switch (lbPolicy) {
    case Cluster_LbPolicy.RANDOM:
      return { type: "random" };
    case Cluster_LbPolicy.LEAST_REQUEST:
      return compileLeastRequest(message, place, context);
    case Cluster_LbPolicy.RING_HASH:
    case Cluster_LbPolicy.MAGLEV:
      return compileHashing(message, place, context);
    default:
      return { type: "roundRobin" };
  }
}

function compileLeastRequest({ lbConfig }: Cluster, place: Place, context: CompileContext): LoadBalancerData {
  const settings = lbConfig.case === "leastRequestLbConfig" ? lbConfig.value : undefined;
  const activeRequestBias = settings?.activeRequestBias?.defaultValue ?? 1;
  if (activeRequestBias < 0) {
    const at = place.field("least_request_lb_config").field("active_request_bias");
    context.error(at, "the bias can't be negative", "0 ignores active requests, 1 is the default");
  }
  return { type: "leastRequest", choiceCount: settings?.choiceCount ?? 2, activeRequestBias };
}

function compileHashing(message: Cluster, place: Place, context: CompileContext): LoadBalancerData {
  const { lbConfig, lbPolicy, commonLbConfig } = message;
  const useHostname = commonLbConfig?.consistentHashingLbConfig?.useHostnameForHashing ?? false;
  const balance: HashBalanceData = {
    balanceFactorPercent: commonLbConfig?.consistentHashingLbConfig?.hashBalanceFactor ?? 0,
    byLocality: commonLbConfig?.localityConfigSpecifier.case === "localityWeightedLbConfig",
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
  const common = message.commonLbConfig;
  const locality = common?.localityConfigSpecifier;
  return {
    panicThresholdPercent: common?.healthyPanicThreshold?.value ?? 50,
    overprovisioningFactorPercent: message.loadAssignment?.policy?.overprovisioningFactor ?? 140,
    failTrafficOnPanic: locality?.case === "zoneAwareLbConfig" && locality.value.failTrafficOnPanic,
  };
}
