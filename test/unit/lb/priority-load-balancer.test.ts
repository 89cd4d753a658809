import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LbHost } from "../../../src/lb/lb-host.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { PriorityLoadBalancer } from "../../../src/lb/priority-load-balancer.ts";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { lbHost, SeededRandom, tally } from "./lb-fixture.ts";

function balancer(hosts: readonly LbHost[], failTrafficOnPanic = false, weightedPriorityHealth = false) {
  const stats = new RecordingStats();
  const random = new SeededRandom();
  const lb = new PriorityLoadBalancer<LbHost>({
    panicThresholdPercent: 50,
    overprovisioningFactorPercent: 140,
    weightedPriorityHealth,
    failTrafficOnPanic,
    random,
    picker: (list) => new RoundRobin(list, random),
    healthyPanic: stats.counter("lb_healthy_panic"),
  });
  lb.update(hosts);
  const choose = (): LbHost | null => lb.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT);
  return { lb, stats, choose };
}

describe("PriorityLoadBalancer", () => {
  it("has no host to give if there is none", () => {
    assert.equal(balancer([]).choose(), null);
  });

  it("leaves out unhealthy hosts", () => {
    const { choose, stats } = balancer([lbHost("a"), lbHost("b", { health: "unhealthy" }), lbHost("c")]);
    assert.deepEqual(tally(choose, 10), { a: 5, c: 5 });
    assert.equal(stats.value("lb_healthy_panic"), 0);
  });

  it("uses all hosts in a panic, and counts that", () => {
    const unhealthy = { health: "unhealthy" } as const;
    const { choose, stats } = balancer([lbHost("a"), lbHost("b", unhealthy), lbHost("c", unhealthy)]);
    assert.deepEqual(tally(choose, 9), { a: 3, b: 3, c: 3 });
    assert.equal(stats.value("lb_healthy_panic"), 9);
  });

  it("answers that there is no host in a panic if it is told to", () => {
    const { choose } = balancer([lbHost("a", { health: "unhealthy" })], true);
    assert.equal(choose(), null);
  });

  it("uses degraded hosts as far as healthy ones do not suffice", () => {
    const hosts = [lbHost("a"), lbHost("b", { health: "degraded" })];
    const counts = tally(balancer(hosts).choose, 10_000);
    assert.ok(Math.abs(counts.a! - 7000) < 250, JSON.stringify(counts));
  });

  it("spills over to the next priority", () => {
    const hosts = [lbHost("a"), lbHost("b", { health: "unhealthy" }), lbHost("c", { priority: 1 })];
    const counts = tally(balancer(hosts).choose, 10_000);
    assert.ok(Math.abs(counts.a! - 7000) < 250, JSON.stringify(counts));
    assert.equal(counts.b, undefined);
  });

  it("keeps its traffic while new hosts are excluded, by numbers and by weights", () => {
    const excluded = { health: "unhealthy", excluded: true, weight: 5 } as const;
    const hosts = [lbHost("a"), lbHost("b", excluded), lbHost("c", excluded), lbHost("d", { priority: 1 })];
    assert.deepEqual(tally(balancer(hosts).choose, 100), { a: 100 });
    assert.deepEqual(tally(balancer(hosts, false, true).choose, 100), { a: 100 });
    const counted = hosts.map((host) => ({ ...host, excluded: false }));
    assert.ok(tally(balancer(counted).choose, 1000).d! > 400);
    assert.ok(tally(balancer(counted, false, true).choose, 1000).d! > 800);
  });

  it("takes changed hosts into account after an update", () => {
    const { lb, choose } = balancer([lbHost("a"), lbHost("b")]);
    lb.update([lbHost("b", { weight: 3 }), lbHost("c")]);
    assert.deepEqual(tally(choose, 8), { b: 6, c: 2 });
  });

  it("picks again while the request refuses, but not for ever", () => {
    const { lb } = balancer([lbHost("a"), lbHost("b")]);
    const asked: string[] = [];
    const context = {
      ...PLAIN_LOAD_BALANCER_CONTEXT,
      hostSelectionRetryCount: 3,
      shouldSelectAnotherHost: (host: LbHost) => {
        asked.push(host.addressText);
        return true;
      },
    };
    assert.notEqual(lb.chooseHost(context), null);
    assert.equal(asked.length, 3);
    const picky = { ...context, shouldSelectAnotherHost: (host: LbHost) => host.addressText === "a" };
    for (let at = 0; at < 5; at++) assert.equal(lb.chooseHost(picky)!.addressText, "b");
  });
});
