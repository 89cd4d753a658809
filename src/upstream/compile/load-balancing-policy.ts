import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, opaque, support, within } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type LoadBalancingPolicy,
  LoadBalancingPolicySchema,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { BalancingData } from "../cluster-data.ts";

/** What holds if a policy can't be compiled: the result is not used then. */
const FALLBACK: BalancingData = {
  loadBalancer: { type: "roundRobin", slowStart: null },
  locality: { type: "none" },
  subsets: null,
};

/**
 * Compiles a list of policies: the first one that Troupe has is taken, the others are not even looked at. Also for lists inside of
 * policies. `place` is that of the message.
 */
export function compileLoadBalancingPolicy(
  message: LoadBalancingPolicy,
  place: Place,
  context: CompileContext,
): BalancingData {
  const list = place.field("policies");
  const candidates = message.policies.map(({ typedExtensionConfig }, at) => ({
    config: typedExtensionConfig ?? { name: "" },
    place: list.index(at).field("typed_extension_config"),
  }));
  if (candidates.length === 0) context.error(list, "at least one policy is required");
  const chosen = context.firstExtension("envoy.load_balancing_policies", candidates);
  return chosen === undefined ? FALLBACK : (chosen.data as BalancingData);
}

/** Which fields of a list of policies are implemented. */
export const LOAD_BALANCING_POLICY_SUPPORT: MessageSupport = support(LoadBalancingPolicySchema, {
  policies: opaque("the first policy that Troupe has is taken"),
});

/** A field that holds a list of policies. */
export const policyList = within(LOAD_BALANCING_POLICY_SUPPORT);
