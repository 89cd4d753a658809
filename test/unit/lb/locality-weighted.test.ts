import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LbHost } from "../../../src/lb/lb-host.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { LocalityWeighted } from "../../../src/lb/locality-weighted.ts";
import { PriorityLoadBalancer } from "../../../src/lb/priority-load-balancer.ts";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { constantRandom, lbHost, tally } from "./lb-fixture.ts";

function host(name: string, zone: string, localityWeight: number, traits: Partial<LbHost> = {}): LbHost {
  return lbHost(name, { locality: { region: "r", zone, subZone: "" }, localityWeight, ...traits });
}

/** How often each of `hosts` comes up in `count` picks by the weights of their localities. */
function picks(hosts: readonly LbHost[], count: number): Record<string, number> {
  const random = constantRandom(0);
  const picker = (list: readonly LbHost[]) => new RoundRobin(list, random);
  const lb = new PriorityLoadBalancer<LbHost>({
    panicThresholdPercent: 50,
    overprovisioningFactorPercent: 140,
    failTrafficOnPanic: false,
    random,
    picker,
    spread: ({ all }, usable) => LocalityWeighted.of(all, usable, 140, picker, random),
    healthyPanic: new RecordingStats().counter("lb_healthy_panic"),
  });
  lb.update(hosts);
  return tally(() => lb.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT), count);
}

describe("LocalityWeighted", () => {
  it("spreads over localities by their weights, whatever the number of their hosts", () => {
    const hosts = [host("a1", "a", 1), host("a2", "a", 1), host("b", "b", 3)];
    assert.deepEqual(picks(hosts, 800), { a1: 100, a2: 100, b: 600 });
  });

  it("leaves out a locality without weight", () => {
    assert.deepEqual(picks([host("a", "a", 0), host("b", "b", 1)], 10), { b: 10 });
  });

  it("lets a locality keep its weight while excluded hosts join it", () => {
    const joining = { health: "unhealthy", excluded: true } as const;
    const hosts = [host("a1", "a", 1), host("a2", "a", 1, joining), host("a3", "a", 1, joining), host("b", "b", 1)];
    assert.deepEqual(picks(hosts, 600), { a1: 300, b: 300 });
  });

  it("lets a locality keep its weight while enough of its hosts are usable", () => {
    const hosts = [
      host("a1", "a", 1),
      host("a2", "a", 1),
      host("a3", "a", 1),
      host("a4", "a", 1, { health: "unhealthy" }),
      host("b", "b", 1),
    ];
    const counts = picks(hosts, 600);
    assert.equal(counts.b, 300);
  });

  it("takes weight off a locality with too few usable hosts", () => {
    const hosts = [
      host("a1", "a", 1),
      host("a2", "a", 1, { health: "unhealthy" }),
      host("b1", "b", 1),
      host("b2", "b", 1),
    ];
    // Half of the hosts of a, times 1.4, is 0.7.
    const counts = picks(hosts, 1700);
    assert.ok(Math.abs(counts.a1! - 700) <= 2, JSON.stringify(counts));
  });

  it("picks among all usable hosts if no locality has a weight", () => {
    assert.deepEqual(picks([host("a", "a", 0), host("b", "b", 0)], 10), { a: 5, b: 5 });
  });

  it("picks among all hosts in a panic", () => {
    const hosts = [host("a", "a", 1, { health: "unhealthy" }), host("b", "b", 9, { health: "unhealthy" })];
    assert.deepEqual(picks(hosts, 10), { a: 5, b: 5 });
  });
});
