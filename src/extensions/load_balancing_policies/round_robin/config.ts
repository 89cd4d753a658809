import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { RoundRobinSchema } from "../../../proto/gen/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js";
import type { BalancingData } from "../../../upstream/cluster-data.ts";
import { compileSlowStart } from "../../../upstream/compile/edf-policies.ts";
import { compileLocalityRouting } from "../../../upstream/compile/locality-routing.ts";

/** `ROUND_ROBIN` as an extension: the same settings as in `lb_policy`, with slow start and localities. */
export const roundRobinConfig = extensionConfig({
  name: "envoy.load_balancing_policies.round_robin",
  categories: ["envoy.load_balancing_policies"],
  schema: RoundRobinSchema,
  support: [supportAll(RoundRobinSchema)],
  compile: (message, place, context): BalancingData => ({
    loadBalancer: { type: "roundRobin", slowStart: compileSlowStart(message.slowStartConfig, place, context) },
    locality: compileLocalityRouting(message.localityLbConfig, place, context),
    subsets: null,
  }),
});
