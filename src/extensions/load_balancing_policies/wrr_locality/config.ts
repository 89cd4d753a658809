import { extensionConfig } from "../../../config/extension-config.ts";
import { support } from "../../../config/field-support.ts";
import { WrrLocalitySchema } from "../../../proto/gen/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.js";
import type { BalancingData } from "../../../upstream/cluster-data.ts";
import { compileLoadBalancingPolicy, policyList } from "../../../upstream/compile/load-balancing-policy.ts";

/** Chooses the locality by its weight and a host of it by another policy: `locality_weighted_lb_config` as a policy of its own. */
export const wrrLocalityConfig = extensionConfig({
  name: "envoy.load_balancing_policies.wrr_locality",
  categories: ["envoy.load_balancing_policies"],
  schema: WrrLocalitySchema,
  support: [support(WrrLocalitySchema, { endpoint_picking_policy: policyList })],
  configRequired: true,
  compile: (message, place, context): BalancingData => {
    const at = place.field("endpoint_picking_policy");
    const { loadBalancer } = compileLoadBalancingPolicy(message.endpointPickingPolicy!, at, context);
    return { loadBalancer, locality: { type: "weighted" }, subsets: null };
  },
});
