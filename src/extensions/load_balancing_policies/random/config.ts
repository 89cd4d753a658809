import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { RandomSchema } from "../../../proto/gen/envoy/extensions/load_balancing_policies/random/v3/random_pb.js";
import type { BalancingData } from "../../../upstream/cluster-data.ts";
import { compileLocalityRouting } from "../../../upstream/compile/locality-routing.ts";

/** `RANDOM` as an extension. */
export const randomConfig = extensionConfig({
  name: "envoy.load_balancing_policies.random",
  categories: ["envoy.load_balancing_policies"],
  schema: RandomSchema,
  support: [supportAll(RandomSchema)],
  compile: (message, place, context): BalancingData => ({
    loadBalancer: { type: "random" },
    locality: compileLocalityRouting(message.localityLbConfig, place, context),
    subsets: null,
  }),
});
