import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Uint64 } from "../../../../src/base/uint64.ts";
import { BoundedLoad } from "../../../../src/lb/hash/bounded-load.ts";
import type { LbHost } from "../../../../src/lb/lb-host.ts";
import { MersenneTwister } from "../../../../src/lb/mersenne-twister.ts";
import { weightedHosts } from "../../../../src/lb/weighted-hosts.ts";
import { lbHost } from "../lb-fixture.ts";
import { hashBalancer, hostsOnPorts } from "./hash-fixture.ts";

/** Picks over hosts "0", "1", …, each of which stands `places` times in the table, which the hash indexes directly. */
function picks(activeRequests: readonly number[], factorPercent: number, places = 1) {
  const hosts = activeRequests.map((active, at) => lbHost(String(at), { activeRequests: active }));
  const table = { pick: (hash: Uint64): LbHost | null => hosts[Math.floor(hash.low / places)] ?? null };
  const balancer = new BoundedLoad(table, weightedHosts(hosts, null), factorPercent);
  return (hash: number): string => balancer.pick(new Uint64().set(0, hash), 0)?.addressText ?? "none";
}

describe("MersenneTwister", () => {
  it("gives the numbers that C++'s mt19937 gives for the same seed", () => {
    const random = new MersenneTwister();
    random.seed(5489);
    assert.equal(random.uint32(), 3499211612);
    for (let drawn = 2; drawn < 10_000; drawn++) random.uint32();
    // The C++ standard names the 10,000th number.
    assert.equal(random.uint32(), 4123659995);
  });
});

describe("BoundedLoad", () => {
  it("has no host to give if there is none", () => {
    assert.equal(picks([], 150)(1), "none");
  });

  it("keeps to the table while no host has too much", () => {
    const pick = picks([1, 1, 1, 1, 1], 150);
    for (let hash = 0; hash < 5; hash++) assert.equal(pick(hash), String(hash));
  });

  it("takes the alternatives in Envoy's order for the hash", () => {
    // Seed 2 shuffles five hosts to 2 1 0 4 3; seeds 6 and 7 to 4 0 2 3 1 and 0 1 4 3 2.
    assert.equal(picks([0, 0, 20, 0, 0], 100)(2), "1");
    assert.equal(picks([20, 20, 20, 0, 0], 100)(2), "4");
    const doubled = picks([0, 0, 0, 20, 0], 100, 2);
    assert.equal(doubled(6), "4");
    assert.equal(doubled(7), "0");
  });

  it("gives the same pick again", () => {
    const pick = picks([0, 0, 20, 0, 0], 100);
    for (let again = 0; again < 3; again++) assert.equal(pick(2), "1");
  });

  it("takes the least loaded host if all have too much", () => {
    assert.equal(picks([9, 4, 9], 1)(0), "1");
  });

  it("lets a host of more weight have more requests", () => {
    const hosts = [lbHost("light", { activeRequests: 6 }), lbHost("heavy", { weight: 3, activeRequests: 6 })];
    for (const [at, expected] of ["heavy", "heavy"].entries()) {
      const balancer = new BoundedLoad({ pick: () => hosts[at]! }, weightedHosts(hosts, null), 110);
      assert.equal(balancer.pick(new Uint64().set(0, 1), 0)!.addressText, expected);
    }
  });

  it("works on a ring", () => {
    const hosts = hostsOnPorts([90, 91], (at) => ({ activeRequests: at === 0 ? 10 : 0 }));
    const { pick } = hashBalancer(hosts, { balanceFactorPercent: 120 });
    for (let hash = 1n; hash < 1n << 60n; hash *= 5n) assert.equal(pick(hash), "127.0.0.1:91");
  });
});
