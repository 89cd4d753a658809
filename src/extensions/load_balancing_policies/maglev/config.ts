import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ConsistentHashingLbConfigSchema } from "../../../proto/gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js";
import { MaglevSchema } from "../../../proto/gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js";
import type { BalancingData } from "../../../upstream/cluster-data.ts";
import { compileMaglev } from "../../../upstream/compile/hash-policies.ts";

/** `MAGLEV` as an extension. */
export const maglevConfig = extensionConfig({
  name: "envoy.load_balancing_policies.maglev",
  categories: ["envoy.load_balancing_policies"],
  schema: MaglevSchema,
  support: [supportAll(MaglevSchema), supportAll(ConsistentHashingLbConfigSchema)],
  compile: (message, place, context): BalancingData => {
    const useHostname = message.consistentHashingLbConfig?.useHostnameForHashing ?? false;
    return {
      loadBalancer: {
        type: "maglev",
        table: compileMaglev(message.tableSize, useHostname, place, context),
        balanceFactorPercent: message.consistentHashingLbConfig?.hashBalanceFactor ?? 0,
      },
      locality: { type: message.localityWeightedLbConfig === undefined ? "none" : "weighted" },
      subsets: null,
    };
  },
});
