import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { DnsDiscoveryData, EndpointData } from "../../../../src/upstream/cluster-data.ts";
import { DiscoveryStats } from "../../../../src/upstream/discovery/discovery.ts";
import { DnsDiscovery } from "../../../../src/upstream/discovery/dns-discovery.ts";
import type { DnsAnswer } from "../../../../src/upstream/discovery/dns-lookup.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { endpointData } from "../cluster-fixture.ts";

const { address: _address, ...endpoint } = endpointData(1);

function data(changes: Partial<DnsDiscoveryData> = {}, names: readonly string[] = ["a.test"]): DnsDiscoveryData {
  return {
    type: "dns",
    cluster: "app",
    observabilityName: "app",
    logical: false,
    targets: names.map((name) => ({ name, port: 80, endpoint })),
    refreshRateMs: 5000,
    failureBackOff: null,
    respectTtl: false,
    lookupFamily: "auto",
    resolvers: [],
    searchesDomains: true,
    waitsForWarm: true,
    initializePhase: "primary",
    ...changes,
  };
}

/** A discovery with answers that the test gives. */
class Scene {
  readonly clock = new FakeClock();
  readonly stats = new RecordingStats();
  readonly asked: string[] = [];
  readonly hosts: string[][] = [];
  readonly discovery: DnsDiscovery;
  firstAttempts = 0;
  answers = new Map<string, DnsAnswer | Error>();

  constructor(settings: DnsDiscoveryData) {
    const owner = {
      onHosts: (endpoints: readonly EndpointData[]) =>
        this.hosts.push(endpoints.map(({ address }) => (address.type === "ip" ? address.ip : address.path))),
      onFirstAttempt: () => this.firstAttempts++,
    };
    this.discovery = new DnsDiscovery(settings, owner, {
      lookup: async (name) => {
        this.asked.push(name);
        const answer = this.answers.get(name);
        if (answer instanceof Error) throw answer;
        return answer ?? { addresses: [], ttlMs: undefined };
      },
      onStop: () => {},
      timers: this.clock.timers,
      random: { uint32: () => 0, fraction: () => 0.5, uuid: () => "" },
      stats: new DiscoveryStats(this.stats.scope("cluster.app")),
    });
  }

  answer(name: string, addresses: readonly string[], ttlMs?: number): void {
    this.answers.set(name, { addresses, ttlMs });
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await setImmediate();
  }

  async start(): Promise<void> {
    this.discovery.start();
    await setImmediate();
  }
}

describe("DnsDiscovery", () => {
  it("looks each name up, tells all their addresses, and says once that the first attempt is over", async () => {
    const scene = new Scene(data({}, ["a.test", "b.test"]));
    scene.answer("a.test", ["10.0.0.2", "10.0.0.1"]);
    scene.answer("b.test", ["10.0.0.3"]);
    await scene.start();
    assert.deepEqual(scene.hosts.at(-1), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    assert.equal(scene.firstAttempts, 1);
    await scene.advance(5010);
    assert.deepEqual(scene.asked.toSorted(), ["a.test", "a.test", "b.test", "b.test"]);
    assert.equal(scene.firstAttempts, 1);
  });

  it("waits as long as the records say, if it is told to respect that", async () => {
    const scene = new Scene(data({ respectTtl: true }));
    scene.answer("a.test", ["10.0.0.1"], 30_000);
    await scene.start();
    await scene.advance(29_000);
    assert.equal(scene.asked.length, 1);
    await scene.advance(1010);
    assert.equal(scene.asked.length, 2);
  });

  it("keeps what it knew when a look-up fails, and waits longer after each failure up to the maximum", async () => {
    const scene = new Scene(data({ failureBackOff: { baseMs: 1000, maxMs: 3000 } }));
    scene.answer("a.test", ["10.0.0.1"]);
    await scene.start();
    scene.answers.set("a.test", new Error("ETIMEOUT"));
    await scene.advance(5010);
    assert.equal(scene.hosts.length, 1);
    // Half of 1,000, 2,000, 3,000, 3,000.
    for (const waitMs of [500, 1000, 1500, 1500]) {
      const before = scene.asked.length;
      await scene.advance(waitMs - 20);
      assert.equal(scene.asked.length, before);
      await scene.advance(40);
      assert.equal(scene.asked.length, before + 1);
    }
    assert.equal(scene.stats.value("cluster.app.update_failure"), 5);
    const [name] = scene.discovery.inspect().names as readonly Record<string, unknown>[];
    assert.deepEqual([name?.failures, name?.lastError, name?.addresses], [5, "ETIMEOUT", ["10.0.0.1"]]);
  });

  it("has no hosts when the name has no address any more", async () => {
    const scene = new Scene(data());
    scene.answer("a.test", ["10.0.0.1"]);
    await scene.start();
    scene.answer("a.test", []);
    await scene.advance(5010);
    assert.deepEqual(scene.hosts.at(-1), []);
    assert.equal(scene.stats.value("cluster.app.update_empty"), 1);
  });

  it("counts a first attempt that failed as over", async () => {
    const scene = new Scene(data());
    scene.answers.set("a.test", new Error("ESERVFAIL"));
    await scene.start();
    assert.deepEqual([scene.firstAttempts, scene.hosts.length], [1, 0]);
  });

  it("stays with one address of a logical name as long as it is among the answers", async () => {
    const scene = new Scene(data({ logical: true }));
    for (const addresses of [
      ["10.0.0.1", "10.0.0.2"],
      ["10.0.0.2", "10.0.0.1"],
      ["10.0.0.3", "10.0.0.2"],
    ]) {
      scene.answer("a.test", addresses);
      if (scene.asked.length === 0) await scene.start();
      else await scene.advance(5010);
    }
    assert.deepEqual(scene.hosts, [["10.0.0.1"], ["10.0.0.1"], ["10.0.0.3"]]);
  });

  it("says nothing and asks nothing after its end", async () => {
    const scene = new Scene(data());
    scene.answer("a.test", ["10.0.0.1"]);
    scene.discovery.start();
    scene.discovery.stop();
    await setImmediate();
    await scene.advance(60_000);
    assert.deepEqual([scene.hosts, scene.asked.length, scene.firstAttempts], [[], 1, 0]);
    assert.equal(scene.clock.timers.armedCount, 0);
  });
});
