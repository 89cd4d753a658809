import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LeastRequest } from "../../../src/lb/least-request.ts";
import { RandomPick } from "../../../src/lb/random-pick.ts";
import { lbHost, SeededRandom, tally } from "./lb-fixture.ts";

const DEFAULTS = { choiceCount: 2, activeRequestBias: 1, fullScan: false };

describe("LeastRequest", () => {
  it("has no host to give if there is none", () => {
    assert.equal(new LeastRequest([], new SeededRandom(), DEFAULTS).pick(), null);
  });

  it("takes the less busy of two drawn hosts", () => {
    const hosts = [lbHost("busy", { activeRequests: 10 }), lbHost("a"), lbHost("b")];
    const counts = tally(
      (
        (lb) => () =>
          lb.pick()
      )(new LeastRequest(hosts, new SeededRandom(), DEFAULTS)),
      9000,
    );
    // The busy one comes up only if it is drawn twice: one time in nine.
    assert.ok(Math.abs(counts.busy! - 1000) < 150, JSON.stringify(counts));
    assert.ok(Math.abs(counts.a! - 4000) < 300, JSON.stringify(counts));
  });

  it("weighs hosts of unequal weight by how busy they are", () => {
    const hosts = [lbHost("a", { weight: 2 }), lbHost("b", { weight: 4, activeRequests: 1 })];
    const lb = new LeastRequest(hosts, new SeededRandom(), DEFAULTS);
    const counts = tally(() => lb.pick(), 1000);
    assert.ok(Math.abs(counts.a! - 500) <= 2, JSON.stringify(counts));
  });

  it("looks at weights only if the bias is 0", () => {
    const hosts = [lbHost("a", { weight: 1 }), lbHost("b", { weight: 3, activeRequests: 50 })];
    const lb = new LeastRequest(hosts, new SeededRandom(), { choiceCount: 2, activeRequestBias: 0, fullScan: false });
    assert.deepEqual(
      tally(() => lb.pick(), 400),
      { a: 100, b: 300 },
    );
  });
});

describe("LeastRequest that looks at all hosts", () => {
  it("takes the least busy one, and each of several with the same chance", () => {
    const hosts = [lbHost("busy", { activeRequests: 3 }), lbHost("a"), lbHost("b"), lbHost("c", { activeRequests: 1 })];
    const lb = new LeastRequest(hosts, new SeededRandom(), { choiceCount: 2, activeRequestBias: 1, fullScan: true });
    const counts = tally(() => lb.pick(), 4000);
    assert.deepEqual(Object.keys(counts).sort(), ["a", "b"]);
    assert.ok(Math.abs(counts.a! - 2000) < 200, JSON.stringify(counts));
  });
});

describe("RandomPick", () => {
  it("gives each host the same chance, whatever its weight", () => {
    const lb = new RandomPick([lbHost("a", { weight: 9 }), lbHost("b"), lbHost("c")], new SeededRandom());
    const counts = tally(() => lb.pick(), 9000);
    for (const count of Object.values(counts)) assert.ok(Math.abs(count - 3000) < 200, JSON.stringify(counts));
    assert.equal(new RandomPick([], new SeededRandom()).pick(), null);
  });
});
