import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LbHost } from "../../../src/lb/lb-host.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { PriorityLoadBalancer } from "../../../src/lb/priority-load-balancer.ts";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { ZoneAware, type ZoneAwareSettings } from "../../../src/lb/zone-aware.ts";
import { zoneRoutes } from "../../../src/lb/zone-routes.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { lbHost, SeededRandom, tally } from "./lb-fixture.ts";

const at = (zone: string) => ({ region: "", zone, subZone: "" });

/** Hosts `<zone>0`, `<zone>1`, … of each zone. */
function hostsIn(zones: Record<string, number>, traits: Partial<LbHost> = {}): LbHost[] {
  return Object.entries(zones).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, number) => lbHost(`${zone}${number}`, { locality: at(zone), ...traits })),
  );
}

/** A balancer of a proxy in zone `a`, and how many of `count` picks each zone gets. */
function balancer(hosts: readonly LbHost[], proxies: readonly LbHost[], changes: Partial<ZoneAwareSettings> = {}) {
  const stats = new RecordingStats();
  const random = new SeededRandom(11);
  const counter = (name: string) => stats.counter(name);
  const picker = (list: readonly LbHost[]) => new RoundRobin(list, random);
  const settings: ZoneAwareSettings = {
    routingEnabledPercent: 100,
    minClusterSize: 6,
    failTrafficOnPanic: false,
    ownLocality: at("a"),
    panicThresholdPercent: 50,
    ...changes,
  };
  const zones = {
    settings,
    picker,
    random,
    stats: {
      recalculateZoneStructures: counter("recalculate"),
      localClusterNotOk: counter("not_ok"),
      zoneClusterTooSmall: counter("too_small"),
      zoneNoCapacityLeft: counter("no_capacity"),
      zoneNumberDiffers: counter("number_differs"),
      zoneRoutingAllDirectly: counter("directly"),
      zoneRoutingSampled: counter("sampled"),
      zoneRoutingCrossZone: counter("cross"),
    },
  };
  const lb = new PriorityLoadBalancer<LbHost>({
    panicThresholdPercent: 50,
    overprovisioningFactorPercent: 140,
    failTrafficOnPanic: false,
    random,
    picker,
    spread: (level, usable) => (usable === level.healthy ? ZoneAware.of(level, proxies, zones) : null),
    healthyPanic: counter("panic"),
  });
  lb.update(hosts);
  const zonesOf = (count: number): Record<string, number> => {
    const byZone: Record<string, number> = {};
    for (const [name, times] of Object.entries(tally(() => lb.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT), count))) {
      const zone = name === "none" ? name : name[0]!;
      byZone[zone] = (byZone[zone] ?? 0) + times;
    }
    return byZone;
  };
  return { stats, zonesOf };
}

describe("zoneRoutes", () => {
  it("is Envoy's example: 62.5 % stay, the rest goes where there is room", () => {
    const zones = [
      { isOwn: true, hosts: 2500, proxies: 4000 },
      { isOwn: false, hosts: 5000, proxies: 4000 },
      { isOwn: false, hosts: 2500, proxies: 2000 },
    ];
    assert.deepEqual(zoneRoutes(zones), { ownZone: 0, keptInZone: 6250, residuals: [0, 1000, 1500] });
  });

  it("keeps everything in a zone that has its share of hosts", () => {
    const zones = [
      { isOwn: false, hosts: 5000, proxies: 5000 },
      { isOwn: true, hosts: 5000, proxies: 5000 },
    ];
    assert.deepEqual(zoneRoutes(zones), { ownZone: 1, keptInZone: 10_000, residuals: [0, 0] });
  });

  it("keeps nothing in a zone without hosts", () => {
    const zones = [
      { isOwn: true, hosts: 0, proxies: 5000 },
      { isOwn: false, hosts: 10_000, proxies: 5000 },
    ];
    assert.equal(zoneRoutes(zones).keptInZone, 0);
  });
});

describe("ZoneAware", () => {
  const proxies = hostsIn({ a: 2, b: 2 });

  it("stays in its zone if that has enough hosts", () => {
    const { zonesOf, stats } = balancer(hostsIn({ a: 3, b: 3 }), proxies);
    assert.deepEqual(zonesOf(60), { a: 60 });
    assert.equal(stats.value("directly"), 60);
    assert.equal(stats.value("recalculate"), 1);
  });

  it("leaves its zone as far as that has too few hosts", () => {
    // A quarter of the hosts for half of the proxies: half of the requests stay.
    const { zonesOf, stats } = balancer(hostsIn({ a: 2, b: 6 }), proxies);
    const byZone = zonesOf(10_000);
    assert.ok(Math.abs(byZone.a! - 5000) < 200, JSON.stringify(byZone));
    assert.equal(stats.value("sampled"), byZone.a);
    assert.equal(stats.value("cross"), byZone.b);
  });

  it("goes anywhere if its own proxies are unknown, and counts that", () => {
    const { zonesOf, stats } = balancer(hostsIn({ a: 3, b: 3 }), hostsIn({ b: 2, c: 2 }));
    assert.deepEqual(zonesOf(60), { a: 30, b: 30 });
    assert.equal(stats.value("not_ok"), 1);
  });

  it("goes anywhere in a small cluster, and counts that", () => {
    const { zonesOf, stats } = balancer(hostsIn({ a: 2, b: 2 }), proxies);
    assert.deepEqual(zonesOf(40), { a: 20, b: 20 });
    assert.equal(stats.value("too_small"), 1);
    assert.deepEqual(balancer(hostsIn({ a: 2, b: 2 }), proxies, { minClusterSize: 4 }).zonesOf(40), { a: 40 });
  });

  it("goes anywhere if hosts or proxies are in one zone only", () => {
    assert.deepEqual(balancer(hostsIn({ a: 3, b: 3 }), hostsIn({ a: 4 })).zonesOf(60), { a: 30, b: 30 });
    assert.deepEqual(balancer(hostsIn({ b: 6 }), proxies).zonesOf(60), { b: 60 });
    assert.deepEqual(balancer(hostsIn({ a: 3, b: 3 }), []).zonesOf(60), { a: 30, b: 30 });
  });

  it("looks at zones for some requests only if it is told to", () => {
    const byZone = balancer(hostsIn({ a: 3, b: 3 }), proxies, { routingEnabledPercent: 50 }).zonesOf(10_000);
    assert.ok(Math.abs(byZone.a! - 7500) < 250, JSON.stringify(byZone));
  });

  it("goes anywhere, or nowhere if it is told to, when the proxies themselves are in a panic", () => {
    const sick = [...hostsIn({ a: 1 }), ...hostsIn({ b: 3 }, { health: "unhealthy" })];
    const { zonesOf, stats } = balancer(hostsIn({ a: 3, b: 3 }), sick);
    assert.deepEqual(zonesOf(60), { a: 30, b: 30 });
    assert.equal(stats.value("not_ok"), 60);
    assert.deepEqual(balancer(hostsIn({ a: 3, b: 3 }), sick, { failTrafficOnPanic: true }).zonesOf(5), { none: 5 });
  });

  it("counts healthy hosts alone", () => {
    const hosts = [...hostsIn({ a: 4, b: 4 }), lbHost("a9", { locality: at("a"), health: "unhealthy" })];
    assert.deepEqual(balancer(hosts, proxies).zonesOf(40), { a: 40 });
  });
});
