import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LbHost } from "../../../src/lb/lb-host.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { PriorityLoadBalancer } from "../../../src/lb/priority-load-balancer.ts";
import { RoundRobin } from "../../../src/lb/round-robin.ts";
import { SubsetLoadBalancer } from "../../../src/lb/subset-load-balancer.ts";
import type { SubsetSelector, SubsetSettings } from "../../../src/lb/subset-settings.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { constantRandom, lbHost } from "./lb-fixture.ts";

type Metadata = Readonly<Record<string, unknown>>;

function host(name: string, metadata: Metadata, traits: Partial<LbHost> = {}): LbHost {
  return lbHost(name, { metadata: new Map([["envoy.lb", metadata]]), ...traits });
}

function selector(keys: string[], more: Partial<SubsetSelector> = {}): SubsetSelector {
  return { keys, fallback: "notDefined", fallbackKeys: [], singleHost: false, ...more };
}

function balancer(hosts: readonly LbHost[], changes: Partial<SubsetSettings> = {}) {
  const stats = new RecordingStats();
  const random = constantRandom(0);
  const settings: SubsetSettings = {
    fallback: "none",
    defaultSubset: {},
    selectors: [selector(["stage"]), selector(["stage", "version"])],
    allowRedundantKeys: false,
    localityWeightAware: false,
    scaleLocalityWeight: false,
    panicModeAny: false,
    listAsAny: false,
    metadataFallbackList: false,
    ...changes,
  };
  const handles = {
    active: stats.gauge("active"),
    created: stats.counter("created"),
    removed: stats.counter("removed"),
    selected: stats.counter("selected"),
    fallback: stats.counter("fallback"),
    fallbackPanic: stats.counter("fallback_panic"),
    singleHostDuplicate: stats.gauge("duplicate"),
  };
  const create = () =>
    new PriorityLoadBalancer<LbHost>({
      panicThresholdPercent: 0,
      overprovisioningFactorPercent: 140,
      failTrafficOnPanic: false,
      random,
      picker: (list) => new RoundRobin(list, random),
      healthyPanic: stats.counter("panic"),
    });
  const lb = new SubsetLoadBalancer<LbHost>(settings, handles, create);
  lb.update(hosts);
  /** The hosts that four requests with this metadata go to. */
  const picks = (metadataMatch: Metadata | null): string => {
    const names = new Set<string>();
    for (let at = 0; at < 4; at++) {
      names.add(lb.chooseHost({ ...PLAIN_LOAD_BALANCER_CONTEXT, metadataMatch })?.addressText ?? "none");
    }
    return [...names].sort().join(" ");
  };
  return { lb, stats, picks };
}

const HOSTS = [
  host("p1", { stage: "prod", version: 1 }),
  host("p2", { stage: "prod", version: 2 }),
  host("d1", { stage: "dev", version: 1 }),
  lbHost("bare"),
];

describe("SubsetLoadBalancer", () => {
  it("picks among the hosts that carry what the request asks for", () => {
    const { picks, stats } = balancer(HOSTS);
    assert.equal(picks({ stage: "prod" }), "p1 p2");
    assert.equal(picks({ version: 2, stage: "prod" }), "p2");
    assert.equal(stats.value("selected"), 8);
    assert.equal(stats.value("active"), 5);
    assert.equal(stats.value("created"), 5);
  });

  it("has no host for what no selector sorts by, and for values that no host has", () => {
    const { picks } = balancer(HOSTS);
    assert.equal(picks({ version: 1 }), "none");
    assert.equal(picks({ stage: "test" }), "none");
    assert.equal(picks({ stage: "prod", version: "2" }), "none");
    assert.equal(picks(null), "none");
  });

  it("falls back to any endpoint or to the default subset", () => {
    const any = balancer(HOSTS, { fallback: "anyEndpoint" });
    assert.equal(any.picks({ stage: "test" }), "bare d1 p1 p2");
    assert.equal(any.picks(null), "bare d1 p1 p2");
    assert.equal(any.stats.value("fallback"), 8);
    const some = balancer(HOSTS, { fallback: "defaultSubset", defaultSubset: { version: 1 } });
    assert.equal(some.picks({ stage: "test" }), "d1 p1");
  });

  it("uses any host in a panic of the fallback, and counts that", () => {
    const settings = { fallback: "defaultSubset", defaultSubset: { stage: "none" }, panicModeAny: true } as const;
    const { picks, stats } = balancer(HOSTS, settings);
    assert.equal(picks(null), "bare d1 p1 p2");
    assert.equal(stats.value("fallback_panic"), 4);
    assert.equal(stats.value("fallback"), 0);
  });

  it("lets a selector have a fallback of its own", () => {
    const selectors = [
      selector(["stage"], { fallback: "anyEndpoint" }),
      selector(["version"], { fallback: "none" }),
      selector(["stage", "version"], { fallback: "keysSubset", fallbackKeys: ["stage"] }),
      selector(["zone"], { fallback: "defaultSubset" }),
    ];
    const { picks } = balancer(HOSTS, { selectors, fallback: "defaultSubset", defaultSubset: { stage: "dev" } });
    assert.equal(picks({ stage: "test" }), "bare d1 p1 p2");
    assert.equal(picks({ version: 9 }), "none");
    assert.equal(picks({ stage: "prod", version: 9 }), "p1 p2");
    assert.equal(picks({ zone: "a" }), "d1");
    assert.equal(picks({ other: 1 }), "d1");
  });

  it("takes a list for each of its values if it is told to", () => {
    const hosts = [host("a", { stage: ["prod", "dev"] }), host("b", { stage: "dev" })];
    assert.equal(balancer(hosts, { listAsAny: true }).picks({ stage: "prod" }), "a");
    assert.equal(balancer(hosts, { listAsAny: true }).picks({ stage: "dev" }), "a b");
    assert.equal(balancer(hosts).picks({ stage: "prod" }), "none");
    assert.equal(balancer(hosts).picks({ stage: ["prod", "dev"] }), "a");
    const fallback = { fallback: "defaultSubset", defaultSubset: { stage: "prod" } } as const;
    assert.equal(balancer(hosts, { ...fallback, listAsAny: true }).picks(null), "a");
  });

  it("leaves out keys that no selector knows if it is told to", () => {
    assert.equal(balancer(HOSTS).picks({ stage: "dev", user: "x" }), "none");
    assert.equal(balancer(HOSTS, { allowRedundantKeys: true }).picks({ stage: "dev", user: "x" }), "d1");
  });

  it("tries a list of metadata one after the other if it is told to", () => {
    const metadata = { stage: "prod", fallback_list: [{ version: 9 }, { version: 2 }] };
    assert.equal(balancer(HOSTS, { metadataFallbackList: true }).picks(metadata), "p2");
    assert.equal(balancer(HOSTS).picks(metadata), "none");
    assert.equal(balancer(HOSTS, { metadataFallbackList: true }).picks({ stage: "dev", fallback_list: [] }), "d1");
  });

  it("gives a value to one host only, whatever its health", () => {
    const hosts = [host("a", { id: 1 }, { health: "unhealthy" }), host("b", { id: 2 }), host("c", { id: 2 })];
    const { picks, stats } = balancer(hosts, { selectors: [selector(["id"], { singleHost: true })] });
    assert.equal(picks({ id: 1 }), "a");
    assert.equal(picks({ id: 2 }), "b");
    assert.equal(stats.value("duplicate"), 1);
  });

  it("answers that there is no host if all of a subset are unhealthy", () => {
    const { picks, stats } = balancer([host("a", { stage: "prod" }, { health: "unhealthy" })], {
      fallback: "anyEndpoint",
    });
    assert.equal(picks({ stage: "prod" }), "none");
    assert.equal(stats.value("selected"), 4);
  });

  it("tells values apart by type and objects by content", () => {
    const hosts = [
      host("text", { stage: "1" }),
      host("number", { stage: 1 }),
      host("object", { stage: { a: 1, b: 2 } }),
    ];
    const { picks } = balancer(hosts);
    assert.equal(picks({ stage: "1" }), "text");
    assert.equal(picks({ stage: 1 }), "number");
    assert.equal(picks({ stage: { b: 2, a: 1 } }), "object");
  });

  it("follows updates, also for metadata that was asked for before", () => {
    const { lb, picks, stats } = balancer(HOSTS);
    const criteria = { stage: "dev" };
    assert.equal(picks(criteria), "d1");
    lb.update([host("d2", { stage: "dev" })]);
    assert.equal(picks(criteria), "d2");
    assert.equal(picks({ stage: "prod" }), "none");
    assert.equal(stats.value("active"), 1);
    assert.equal(stats.value("removed"), 4);
  });
});
