import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RandomSource } from "../../../src/base/random.ts";
import { type LoadBalancerContext, PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { PriorityLoadBalancer } from "../../../src/lb/priority-load-balancer.ts";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { AggregateBalancer, type AggregateMember } from "../../../src/upstream/aggregate-balancer.ts";
import type { EndpointHealthStatus, Host } from "../../../src/upstream/host.ts";
import { HostRegistry } from "../../../src/upstream/host-registry.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { constantRandom } from "../lb/lb-fixture.ts";
import { endpointData } from "./cluster-fixture.ts";

/** The hosts of one priority: how many there are in each state. */
type Counts = Partial<Record<EndpointHealthStatus, number>>;

/** So many percent of 100 hosts are healthy. */
const percent = (healthy: number): Counts => ({ healthy, unhealthy: 100 - healthy });

/** A cluster with these priorities; null stands for one without hosts. */
function member(
  priorities: readonly (Counts | null)[],
  settings: Partial<AggregateMember["priorityLoad"]> = {},
): AggregateMember {
  const priorityLoad = { panicThresholdPercent: 50, overprovisioningFactorPercent: 140, ...settings };
  let port = 1;
  const endpoints = priorities.flatMap((counts, priority) =>
    Object.entries(counts ?? {}).flatMap(([healthStatus, count]) =>
      Array.from({ length: count }, () =>
        endpointData(port++, { priority, healthStatus: healthStatus as EndpointHealthStatus }),
      ),
    ),
  );
  const { hosts } = new HostRegistry(endpoints.map((endpoint) => ({ endpoint, healthFlags: 0 })));
  const random = constantRandom(0);
  const balancer = new PriorityLoadBalancer<Host>({
    ...priorityLoad,
    random,
    failTrafficOnPanic: false,
    picker: (list) => new RoundRobin(list, random),
    healthyPanic: new RecordingStats().counter("panic"),
  });
  balancer.update(hosts);
  const pick = (context: LoadBalancerContext): Host | null => balancer.chooseHost(context);
  return { hosts, priorityLoad, pick } as Partial<AggregateMember> as AggregateMember;
}

/** An aggregate cluster that draws each number from 0 to 99 once. */
function aggregate(members: Readonly<Record<string, AggregateMember | null>>, panicThresholdPercent = 50) {
  let draw = 0;
  const random: RandomSource = { ...constantRandom(0), uint32: () => draw++ };
  const balancer = new AggregateBalancer({
    random,
    clusters: () => Object.keys(members),
    panicThresholdPercent: () => panicThresholdPercent,
    memberOf: (name) => members[name] ?? null,
  });
  balancer.update();
  return {
    balancer,
    /** How many of 100 requests go to each priority of each cluster: `name.priority`, with the health of the hosts where it is not `healthy`. */
    shares(context = PLAIN_LOAD_BALANCER_CONTEXT): Record<string, number> {
      const shares: Record<string, number> = {};
      for (let at = 0; at < 100; at++) {
        const host = balancer.chooseHost(context);
        const owner = host === null ? undefined : balancer.ownerOf(host);
        const name = Object.keys(members).find((key) => members[key] === owner);
        const health = host?.health === "healthy" ? "" : ` ${host?.health}`;
        const key = host === null ? "none" : `${name}.${host.priority}${health}`;
        shares[key] = (shares[key] ?? 0) + 1;
      }
      return shares;
    },
  };
}

describe("AggregateBalancer", () => {
  // The table of Envoy's documentation; below 100 percent each cluster panics in priorities that lack hosts, which there is left out.
  const rows: readonly (readonly [primary: number[], secondary: number[], shares: Record<string, number>])[] = [
    [[100, 100, 100], [100, 100], { "a.0": 100 }],
    [[72, 100, 100], [100, 100], { "a.0": 100 }],
    [[71, 1, 0], [100, 100], { "a.0": 99, "a.1": 1 }],
    [[71, 0, 0], [100, 100], { "a.0": 99, "b.0": 1 }],
    [[50, 0, 0], [50, 0], { "a.0": 70, "b.0": 30 }],
    [[20, 20, 10], [25, 25], { "a.0": 28, "a.1": 28, "a.2": 14, "b.0": 30 }],
    [[20, 0, 0], [20, 0], { "a.0": 50, "b.0": 50 }],
    [[0, 0, 0], [100, 0], { "b.0": 100 }],
    [[0, 0, 0], [72, 0], { "b.0": 100 }],
  ];
  for (const [primary, secondary, shares] of rows) {
    it(`spreads as Envoy documents it: [${primary}] and [${secondary}] percent of healthy hosts`, () => {
      const calm = { panicThresholdPercent: 0 };
      const members = { a: member(primary.map(percent), calm), b: member(secondary.map(percent), calm) };
      assert.deepEqual(aggregate(members, 0).shares(), shares);
    });
  }

  it("leaves out priorities without hosts and clusters that are not there", () => {
    const members = { a: member([]), gone: null, b: member([null, { healthy: 1 }]) };
    assert.deepEqual(aggregate(members).shares(), { "b.1": 100 });
  });

  it("has no host if no cluster has one, or there is none", () => {
    assert.deepEqual(aggregate({ a: member([]) }).shares(), { none: 100 });
    assert.deepEqual(aggregate({ a: null }).shares(), { none: 100 });
  });

  it("takes degraded hosts when healthy ones of all clusters don't suffice", () => {
    const members = {
      a: member([{ healthy: 1, degraded: 3 }]),
      b: member([{ healthy: 1, unhealthy: 3 }], { panicThresholdPercent: 0 }),
    };
    assert.deepEqual(aggregate(members).shares(), { "a.0": 35, "b.0": 35, "a.0 degraded": 30 });
  });

  it("shares by the number of hosts if all panic; each cluster then uses all of its hosts", () => {
    const members = { a: member([{ unhealthy: 3 }]), b: member([{ unhealthy: 1 }]) };
    assert.deepEqual(aggregate(members).shares(), { "a.0 unhealthy": 75, "b.0 unhealthy": 25 });
  });

  it("asks no host of a cluster that never panics", () => {
    const members = { a: member([{ unhealthy: 3 }], { panicThresholdPercent: 0 }) };
    assert.deepEqual(aggregate(members).shares(), { none: 100 });
  });

  it("goes by the overprovisioning factor and the weighing of each cluster", () => {
    const half = { healthy: 1, unhealthy: 1 };
    const calm = { panicThresholdPercent: 0 };
    const members = {
      a: member([half], { ...calm, overprovisioningFactorPercent: 100 }),
      b: member([half], { ...calm, overprovisioningFactorPercent: 200 }),
    };
    assert.deepEqual(aggregate(members, 0).shares(), { "a.0": 50, "b.0": 50 });
    const other = { a: members.b, b: members.a };
    assert.deepEqual(aggregate(other, 0).shares(), { "a.0": 100 });
  });

  it("hands the request's wishes on, and keeps nothing of it", () => {
    let asked: LoadBalancerContext | null = null;
    const plain = member([{ healthy: 1 }]);
    const watching = {
      ...plain,
      hosts: plain.hosts,
      pick(context: LoadBalancerContext) {
        asked = context;
        assert.deepEqual(context.metadataMatch, { stage: "prod" });
        assert.equal(context.hostSelectionRetryCount, 3);
        assert.equal(context.shouldSelectAnotherHost(plain.hosts[0]!), true);
        assert.equal(context.downstreamHeader?.("x"), "x!");
        return plain.pick(context);
      },
    };
    const { balancer } = aggregate({ a: watching });
    const host = balancer.chooseHost({
      computeHashKey: () => true,
      metadataMatch: { stage: "prod" },
      hostSelectionRetryCount: 3,
      shouldSelectAnotherHost: () => true,
      downstreamHeader: (name) => `${name}!`,
    });
    assert.equal(host, plain.hosts[0]);
    assert.equal(asked!.metadataMatch, null);
  });
});
