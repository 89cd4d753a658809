import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { SubsetSettings } from "../../../src/lb/subset-settings.ts";
import type { ClusterData, EndpointData } from "../../../src/upstream/cluster-data.ts";
import { hashContext } from "../lb/lb-fixture.ts";
import { clusterData, endpointData } from "./cluster-fixture.ts";
import { WorkerFixture } from "./pool/pool-fixture.ts";

/** Hosts of one zone: the first is of version 1, the others of version 2. */
function zone(name: string, localityWeight: number, ports: readonly number[], priority = 0): EndpointData[] {
  return ports.map((port, at) =>
    endpointData(port, {
      locality: { region: "", zone: name, subZone: "" },
      localityWeight,
      priority,
      metadata: [["envoy.lb", { version: at === 0 ? 1 : 2 }]],
    }),
  );
}

function subsets(changes: Partial<SubsetSettings> = {}): SubsetSettings {
  return {
    fallback: "anyEndpoint",
    defaultSubset: {},
    selectors: [{ keys: ["version"], fallback: "notDefined", fallbackKeys: [], singleHost: false }],
    allowRedundantKeys: false,
    localityWeightAware: true,
    scaleLocalityWeight: true,
    panicModeAny: false,
    listAsAny: false,
    metadataFallbackList: false,
    ...changes,
  };
}

/** A worker with a cluster whose localities have weights. */
function scene(t: TestContext, changes: Partial<ClusterData> = {}) {
  const worker = new WorkerFixture();
  t.after(() => worker.close());
  return {
    apply(endpoints: readonly EndpointData[]): void {
      worker.apply([clusterData(endpoints, { locality: { type: "weighted" }, subsets: subsets(), ...changes })]);
    },
    /** How often each port comes up in so many picks among the hosts of version 1, or of all for null. */
    picks(count: number, version: number | null = 1): Record<string, number> {
      const counts: Record<string, number> = {};
      const metadataMatch = version === null ? null : { version };
      for (let at = 0; at < count; at++) {
        const context = hashContext(BigInt(at) * 0x9e3779b97f4a7c15n, { metadataMatch });
        const port = worker.manager.get("one")!.chooseHost(context)!.addressText.slice("127.0.0.1:".length);
        counts[port] = (counts[port] ?? 0) + 1;
      }
      return counts;
    },
  };
}

describe("scale_locality_weight", () => {
  it("scales a locality's weight by the share of its hosts that are in the subset", (t) => {
    const { apply, picks } = scene(t);
    apply([...zone("a", 100, [1, 2]), ...zone("b", 100, [3, 4, 5, 6])]);
    assert.deepEqual(picks(300), { 1: 200, 3: 100 }, "50 to 25");
    const whole = picks(600, null);
    assert.equal(whole[1]! + whole[2]!, 300, "the fallback has all hosts of both");
  });

  it("is off unless it is set: localities then keep their weights", (t) => {
    const { apply, picks } = scene(t, { subsets: subsets({ scaleLocalityWeight: false }) });
    apply([...zone("a", 100, [1, 2]), ...zone("b", 100, [3, 4, 5, 6])]);
    assert.deepEqual(picks(300), { 1: 150, 3: 150 });
  });

  it("does nothing where weights of localities don't hold within subsets", (t) => {
    const { apply, picks } = scene(t, { subsets: subsets({ localityWeightAware: false }) });
    apply([...zone("a", 1, [1]), ...zone("b", 99, [3])]);
    assert.deepEqual(picks(300), { 1: 150, 3: 150 });
  });

  it("rounds to whole weights, as Envoy does: a third of 1 is nothing, half of it is 1", (t) => {
    const { apply, picks } = scene(t);
    apply([...zone("a", 1, [1, 2]), ...zone("b", 1, [3, 4, 5]), ...zone("c", 1, [6])]);
    assert.deepEqual(picks(300), { 1: 150, 6: 150 });
  });

  it("counts the hosts of each priority for themselves", (t) => {
    const { apply, picks } = scene(t);
    apply([...zone("a", 100, [1]), ...zone("b", 100, [3, 4]), ...zone("a", 100, [7, 8, 9], 1)]);
    assert.deepEqual(picks(300), { 1: 200, 3: 100 });
  });

  it("follows hosts that come and go, in the subset or beside it", (t) => {
    const { apply, picks } = scene(t);
    apply([...zone("a", 100, [1, 2]), ...zone("b", 100, [3, 4])]);
    assert.deepEqual(picks(200), { 1: 100, 3: 100 });
    apply([...zone("a", 100, [1]), ...zone("b", 100, [3, 4])]);
    assert.deepEqual(picks(300), { 1: 200, 3: 100 });
  });

  it("holds for tables of hashes, too", (t) => {
    const table = { tableSize: 3001, useHostname: false };
    const { apply, picks } = scene(t, { loadBalancer: { type: "maglev", table, balanceFactorPercent: 0 } });
    apply([...zone("a", 100, [1, 2]), ...zone("b", 100, [3, 4, 5, 6])]);
    const { 1: a, 3: b } = picks(3000);
    assert.ok(Math.abs(a! - 2000) < 120 && a! + b! === 3000, `${a} of 3000 in zone a, which has two thirds`);
  });
});
