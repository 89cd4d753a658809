import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { SubsetFallback, SubsetSelector, SubsetSettings } from "../../lb/subset-settings.ts";
import type { Cluster_LbSubsetConfig } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { Subset } from "../../proto/gen/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.js";

/** The enums of both messages have the same numbers. */
const FALLBACKS: readonly SubsetFallback[] = ["none", "anyEndpoint", "defaultSubset"];
const SELECTOR_FALLBACKS: readonly SubsetSelector["fallback"][] = [
  "notDefined",
  "none",
  "anyEndpoint",
  "defaultSubset",
  "keysSubset",
];
const FALLBACK_LIST = 1;

/** Compiles `lb_subset_config` or the `subset` policy; null if there is no selector, which turns subsets off. */
export function compileSubsets(
  message: Cluster_LbSubsetConfig | Subset,
  place: Place,
  context: CompileContext,
): SubsetSettings | null {
  const list = place.field("subset_selectors");
  const selectors = message.subsetSelectors.map((selector, at): SubsetSelector => {
    const compiled = {
      keys: [...new Set(selector.keys)],
      fallback: SELECTOR_FALLBACKS[selector.fallbackPolicy] ?? "notDefined",
      fallbackKeys: [...new Set(selector.fallbackKeysSubset)],
      singleHost: selector.singleHostPerSubset,
    };
    checkSelector(compiled, list.index(at), context);
    return compiled;
  });
  if (selectors.length === 0) return null;
  return {
    fallback: FALLBACKS[message.fallbackPolicy] ?? "none",
    defaultSubset: message.defaultSubset ?? {},
    selectors,
    allowRedundantKeys: "allowRedundantKeys" in message && message.allowRedundantKeys,
    localityWeightAware: message.localityWeightAware,
    scaleLocalityWeight: message.scaleLocalityWeight,
    panicModeAny: message.panicModeAny,
    listAsAny: message.listAsAny,
    metadataFallbackList: Number(message.metadataFallbackPolicy) === FALLBACK_LIST,
  };
}

function checkSelector(selector: SubsetSelector, place: Place, context: CompileContext): void {
  const { keys, fallback, fallbackKeys, singleHost } = selector;
  const at = place.field("fallback_keys_subset");
  if (keys.length === 0) context.error(place.field("keys"), "a selector needs at least one key");
  if (singleHost && keys.length !== 1) {
    context.error(place.field("single_host_per_subset"), "it needs a selector with exactly one key");
  }
  if (fallback !== "keysSubset") {
    if (fallbackKeys.length > 0) context.error(at, "it is only used with fallback_policy KEYS_SUBSET");
  } else if (fallbackKeys.length === 0) {
    context.error(at, "fallback_policy KEYS_SUBSET needs keys to fall back to");
  } else if (!fallbackKeys.every((key) => keys.includes(key))) {
    context.error(at, "all of its keys must be among the selector's keys");
  } else if (fallbackKeys.length === keys.length) {
    context.error(at, "it must be fewer keys than the selector has");
  }
}
