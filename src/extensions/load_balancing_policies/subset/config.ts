import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import {
  Subset_LbSubsetSelectorSchema,
  SubsetSchema,
} from "../../../proto/gen/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.js";
import type { BalancingData } from "../../../upstream/cluster-data.ts";
import { compileLoadBalancingPolicy, policyList } from "../../../upstream/compile/load-balancing-policy.ts";
import { compileSubsets } from "../../../upstream/compile/subsets.ts";

/** Subset load balancing as an extension: within each subset, another policy picks. */
export const subsetConfig = extensionConfig({
  name: "envoy.load_balancing_policies.subset",
  categories: ["envoy.load_balancing_policies"],
  schema: SubsetSchema,
  support: [supportAll(SubsetSchema, { subset_lb_policy: policyList }), supportAll(Subset_LbSubsetSelectorSchema)],
  configRequired: true,
  compile: (message, place, context): BalancingData => {
    const child = compileLoadBalancingPolicy(message.subsetLbPolicy!, place.field("subset_lb_policy"), context);
    return { ...child, subsets: compileSubsets(message, place, context) };
  },
});
