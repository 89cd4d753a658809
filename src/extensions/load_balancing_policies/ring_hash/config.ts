import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ConsistentHashingLbConfigSchema } from "../../../proto/gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js";
import {
  RingHash_HashFunction as HashFunction,
  RingHashSchema,
} from "../../../proto/gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js";
import type { BalancingData } from "../../../upstream/cluster-data.ts";
import { compileHashRing } from "../../../upstream/compile/hash-policies.ts";

/** `RING_HASH` as an extension. Where both are set, `consistent_hashing_lb_config` counts and not the older fields. */
export const ringHashConfig = extensionConfig({
  name: "envoy.load_balancing_policies.ring_hash",
  categories: ["envoy.load_balancing_policies"],
  schema: RingHashSchema,
  support: [supportAll(RingHashSchema), supportAll(ConsistentHashingLbConfigSchema)],
  compile: (message, place, context): BalancingData => {
    const { useHostnameForHashing, hashBalanceFactor } = message.consistentHashingLbConfig ?? message;
    const hashFunction = message.hashFunction === HashFunction.MURMUR_HASH_2 ? "murmurHash2" : "xxHash";
    return {
      loadBalancer: {
        type: "ringHash",
        ring: compileHashRing(message, hashFunction, useHostnameForHashing, place, context),
        balanceFactorPercent: hashBalanceFactor ?? 0,
      },
      locality: { type: message.localityWeightedLbConfig === undefined ? "none" : "weighted" },
      subsets: null,
    };
  },
});
