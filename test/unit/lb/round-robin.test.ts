import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { constantRandom, lbHost, SeededRandom, tally } from "./lb-fixture.ts";

function weighted(weights: Record<string, number>): ReturnType<typeof lbHost>[] {
  return Object.entries(weights).map(([name, weight]) => lbHost(name, { weight }));
}

function sequence(lb: RoundRobin<ReturnType<typeof lbHost>>, length: number): string {
  return Array.from({ length }, () => lb.pick()!.addressText).join("");
}

describe("RoundRobin", () => {
  it("has no host to give if there is none", () => {
    assert.equal(new RoundRobin([], constantRandom(3)).pick(), null);
  });

  it("takes hosts of equal weight in turn, from a random start", () => {
    const hosts = weighted({ a: 5, b: 5, c: 5 });
    assert.equal(sequence(new RoundRobin(hosts, constantRandom(0)), 7), "abcabca");
    assert.equal(sequence(new RoundRobin(hosts, constantRandom(5)), 4), "cabc");
  });

  it("starts everywhere alike", () => {
    const random = new SeededRandom();
    const hosts = weighted({ a: 1, b: 1, c: 1, d: 1 });
    const starts = tally(() => new RoundRobin(hosts, random).pick(), 4000);
    for (const count of Object.values(starts)) assert.ok(Math.abs(count - 1000) < 120, JSON.stringify(starts));
  });

  it("spreads weighted hosts as Envoy's EDF does", () => {
    assert.equal(sequence(new RoundRobin(weighted({ a: 1, b: 2 }), constantRandom(0)), 9), "babbabbab");
    assert.equal(sequence(new RoundRobin(weighted({ a: 4, b: 1 }), constantRandom(0)), 10), "aaabaaaaba");
  });

  it("gives each host exactly its share over a whole round", () => {
    const weights = { a: 1, b: 7, c: 20, d: 100, e: 128 };
    const lb = new RoundRobin(weighted(weights), constantRandom(0));
    assert.deepEqual(
      tally(() => lb.pick(), 2560),
      { a: 10, b: 70, c: 200, d: 1000, e: 1280 },
    );
  });

  it("stays within three picks of the ideal share at any time", () => {
    const weights = [3, 5, 11, 50];
    const total = 69;
    const lb = new RoundRobin(
      weights.map((weight, at) => lbHost(String(at), { weight })),
      constantRandom(0),
    );
    const counts = [0, 0, 0, 0];
    for (let picks = 1; picks <= 1000; picks++) {
      counts[Number(lb.pick()!.addressText)]!++;
      for (const [at, weight] of weights.entries()) {
        const ideal = (picks * weight) / total;
        assert.ok(Math.abs(counts[at]! - ideal) <= 3, `host ${at} after ${picks} picks: ${counts[at]} of ${ideal}`);
      }
    }
  });

  it("keeps its precision over many millions of picks", () => {
    const lb = new RoundRobin(weighted({ a: 1, b: 3 }), constantRandom(0));
    for (let picks = 0; picks < 2_000_000; picks++) lb.pick();
    assert.deepEqual(
      tally(() => lb.pick(), 4000),
      { a: 1000, b: 3000 },
    );
  });
});
