import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { compileCluster } from "./compile-cluster.ts";

/** `load_balancing_policy` with these policies, each its name and its fields. */
function policies(...list: readonly (readonly [name: string, fields?: JsonObject])[]): JsonObject {
  return {
    loadBalancingPolicy: {
      policies: list.map(([name, fields = {}]) => {
        const words = name.split("_").map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`);
        const type = `type.googleapis.com/envoy.extensions.load_balancing_policies.${name}.v3.${words.join("")}`;
        return { typedExtensionConfig: { name, typedConfig: { "@type": type, ...fields } } };
      }),
    },
  };
}

describe("load_balancing_policy", () => {
  const ROUND_ROBIN = { type: "roundRobin", slowStart: null };
  const WINDOW = {
    slowStartWindow: "10s",
    aggression: { defaultValue: 2, runtimeKey: "x" },
    minWeightPercent: { value: 5 },
  };
  const slowStart = { windowMs: 10_000, aggression: 2, minWeightPercent: 5 };
  const rows: readonly { name: string; json: JsonObject; expected: object; warnings?: number }[] = [
    { name: "round_robin", json: policies(["round_robin"]), expected: { loadBalancer: ROUND_ROBIN } },
    {
      name: "round_robin with slow start and localities",
      json: policies(["round_robin", { slowStartConfig: WINDOW, localityLbConfig: { localityWeightedLbConfig: {} } }]),
      expected: { loadBalancer: { type: "roundRobin", slowStart }, locality: { type: "weighted" } },
      warnings: 0,
    },
    {
      name: "least_request",
      json: policies(["least_request", { choiceCount: 4, selectionMethod: "FULL_SCAN", slowStartConfig: WINDOW }]),
      expected: {
        loadBalancer: { type: "leastRequest", choiceCount: 4, activeRequestBias: 1, fullScan: true, slowStart },
      },
    },
    {
      name: "random",
      json: policies([
        "random",
        { localityLbConfig: { zoneAwareLbConfig: { routingEnabled: { value: 50 }, minClusterSize: "2" } } },
      ]),
      expected: {
        loadBalancer: { type: "random" },
        locality: {
          type: "zoneAware",
          localCluster: "",
          ownLocality: { region: "", zone: "", subZone: "" },
          routingEnabledPercent: 50,
          minClusterSize: 2,
          failTrafficOnPanic: false,
        },
      },
    },
    {
      name: "ring_hash",
      json: policies([
        "ring_hash",
        { hashFunction: "MURMUR_HASH_2", minimumRingSize: "8", consistentHashingLbConfig: { hashBalanceFactor: 120 } },
      ]),
      expected: {
        loadBalancer: {
          type: "ringHash",
          ring: { minRingSize: 8, maxRingSize: 8_388_608, hashFunction: "murmurHash2", useHostname: false },
          balanceFactorPercent: 120,
        },
      },
    },
    {
      name: "maglev",
      json: policies([
        "maglev",
        {
          tableSize: "101",
          localityWeightedLbConfig: {},
          consistentHashingLbConfig: { useHostnameForHashing: true },
        },
      ]),
      expected: {
        loadBalancer: { type: "maglev", table: { tableSize: 101, useHostname: true }, balanceFactorPercent: 0 },
        locality: { type: "weighted" },
      },
    },
    {
      name: "wrr_locality",
      json: policies(["wrr_locality", { endpointPickingPolicy: policies(["random"]).loadBalancingPolicy! }]),
      expected: { loadBalancer: { type: "random" }, locality: { type: "weighted" } },
    },
    {
      name: "the first of a list that is there",
      json: policies(["client_side_weighted_round_robin"], ["random"], ["pick_first"]),
      expected: { loadBalancer: { type: "random" } },
      warnings: 1,
    },
  ];
  for (const { name, json, expected, warnings = 0 } of rows) {
    it(`compiles ${name}`, () => {
      const { data, problems } = compileCluster({ lbPolicy: "LOAD_BALANCING_POLICY_CONFIG", ...json });
      assert.deepEqual({ ...data, ...expected }, data);
      assert.equal(problems.length, warnings, problems.join("\n"));
      assert.ok(
        problems.every((problem) => problem.startsWith("warning ")),
        problems.join("\n"),
      );
    });
  }

  const at = "error load_balancing_policy";
  const refused: readonly { name: string; json: JsonObject; problem: string }[] = [
    {
      name: "a list with none that is there",
      json: policies(["client_side_weighted_round_robin"], ["cluster_provided"]),
      problem:
        "error load_balancing_policy.policies[1].typed_extension_config.typed_config: extension envoy.extensions.load_balancing_policies.cluster_provided.v3.ClusterProvided is not supported yet",
    },
    { name: "an empty list", json: policies(), problem: `${at}.policies: at least one policy is required` },
    {
      name: "a wrong setting",
      json: policies(["maglev", { tableSize: "8" }]),
      problem: `${at}.policies[0].typed_extension_config.typed_config.table_size: 8 is not a prime number`,
    },
    {
      name: "settings in the old place",
      json: { ...policies(["random"]), commonLbConfig: { localityWeightedLbConfig: {} } },
      problem:
        "error common_lb_config.locality_weighted_lb_config: load_balancing_policy is set, and this would be ignored",
    },
    {
      name: "a missing policy",
      json: { lbPolicy: "LOAD_BALANCING_POLICY_CONFIG" },
      problem: "error lb_policy: load_balancing_policy is missing",
    },
  ];
  for (const { name, json, problem } of refused) {
    it(`is refused for ${name}`, () => {
      const errors = compileCluster(json).problems.filter((each) => each.startsWith("error"));
      assert.deepEqual(errors, [problem]);
    });
  }
});
