import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { compileCluster } from "./compile-cluster.ts";

const POLICIES = "type.googleapis.com/envoy.extensions.load_balancing_policies";

describe("lb_subset_config", () => {
  it("compiles all of its settings", () => {
    const { data, problems } = compileCluster({
      lbSubsetConfig: {
        fallbackPolicy: "DEFAULT_SUBSET",
        defaultSubset: { stage: "prod" },
        subsetSelectors: [
          { keys: ["stage", "version"], fallbackPolicy: "KEYS_SUBSET", fallbackKeysSubset: ["stage"] },
          { keys: ["id"], singleHostPerSubset: true },
        ],
        panicModeAny: true,
        listAsAny: true,
        metadataFallbackPolicy: "FALLBACK_LIST",
      },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(data.subsets, {
      fallback: "defaultSubset",
      defaultSubset: { stage: "prod" },
      selectors: [
        { keys: ["stage", "version"], fallback: "keysSubset", fallbackKeys: ["stage"], singleHost: false },
        { keys: ["id"], fallback: "notDefined", fallbackKeys: [], singleHost: true },
      ],
      allowRedundantKeys: false,
      localityWeightAware: false,
      scaleLocalityWeight: false,
      panicModeAny: true,
      listAsAny: true,
      metadataFallbackList: true,
    });
  });

  it("scales weights of localities, also as a policy", () => {
    const subsetSelectors = [{ keys: ["stage"] }];
    const { data, problems } = compileCluster({
      lbSubsetConfig: { subsetSelectors, localityWeightAware: true, scaleLocalityWeight: true },
      commonLbConfig: { localityWeightedLbConfig: {} },
    });
    assert.deepEqual(problems, []);
    assert.equal(data.subsets?.localityWeightAware, true);
    assert.equal(data.subsets?.scaleLocalityWeight, true);
    const random = { typedExtensionConfig: { name: "r", typedConfig: { "@type": `${POLICIES}.random.v3.Random` } } };
    const typedConfig = {
      "@type": `${POLICIES}.subset.v3.Subset`,
      subsetSelectors,
      scaleLocalityWeight: true,
      subsetLbPolicy: { policies: [random] },
    };
    const policies = [{ typedExtensionConfig: { name: "s", typedConfig } }];
    assert.equal(compileCluster({ loadBalancingPolicy: { policies } }).data.subsets?.scaleLocalityWeight, true);
  });

  it("is off without selectors", () => {
    assert.equal(compileCluster({ lbSubsetConfig: { fallbackPolicy: "ANY_ENDPOINT" } }).data.subsets, null);
  });

  it("compiles as a policy, with the policy that picks within subsets", () => {
    const policy = (type: string, fields: JsonObject): JsonObject => ({
      typedExtensionConfig: {
        name: type,
        typedConfig: { "@type": `type.googleapis.com/envoy.extensions.load_balancing_policies.${type}`, ...fields },
      },
    });
    const { data, problems } = compileCluster({
      loadBalancingPolicy: {
        policies: [
          policy("subset.v3.Subset", {
            subsetSelectors: [{ keys: ["stage"] }],
            allowRedundantKeys: true,
            subsetLbPolicy: { policies: [policy("random.v3.Random", {})] },
          }),
        ],
      },
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(data.loadBalancer, { type: "random" });
    assert.equal(data.subsets?.allowRedundantKeys, true);
  });

  const rows: readonly { name: string; selector: JsonObject; problem: string }[] = [
    { name: "no keys", selector: {}, problem: "keys: a selector needs at least one key" },
    {
      name: "two keys for single hosts",
      selector: { keys: ["a", "b"], singleHostPerSubset: true },
      problem: "single_host_per_subset: it needs a selector with exactly one key",
    },
    {
      name: "keys to fall back to without the policy",
      selector: { keys: ["a", "b"], fallbackKeysSubset: ["a"] },
      problem: "fallback_keys_subset: it is only used with fallback_policy KEYS_SUBSET",
    },
    {
      name: "no keys to fall back to",
      selector: { keys: ["a"], fallbackPolicy: "KEYS_SUBSET" },
      problem: "fallback_keys_subset: fallback_policy KEYS_SUBSET needs keys to fall back to",
    },
    {
      name: "other keys to fall back to",
      selector: { keys: ["a", "b"], fallbackPolicy: "KEYS_SUBSET", fallbackKeysSubset: ["c"] },
      problem: "fallback_keys_subset: all of its keys must be among the selector's keys",
    },
    {
      name: "the same keys to fall back to",
      selector: { keys: ["a"], fallbackPolicy: "KEYS_SUBSET", fallbackKeysSubset: ["a"] },
      problem: "fallback_keys_subset: it must be fewer keys than the selector has",
    },
  ];
  for (const { name, selector, problem } of rows) {
    it(`is refused for ${name}`, () => {
      const { problems } = compileCluster({ lbSubsetConfig: { subsetSelectors: [selector] } });
      assert.deepEqual(problems, [`error lb_subset_config.subset_selectors[0].${problem}`]);
    });
  }

  it("is refused for weights of localities that do not count", () => {
    const subsetSelectors = [{ keys: ["a"] }];
    assert.deepEqual(compileCluster({ lbSubsetConfig: { subsetSelectors, localityWeightAware: true } }).problems, [
      "error lb_subset_config.locality_weight_aware: localities have no weights: locality_weighted_lb_config is not set",
    ]);
  });
});
