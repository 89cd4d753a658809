import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HealthFlag } from "../../../../src/upstream/membership/health-flag.ts";
import { HostSet } from "../../../../src/upstream/membership/host-set.ts";
import { MembershipMirror } from "../../../../src/upstream/membership/membership-mirror.ts";
import { endpointData } from "../cluster-fixture.ts";

const address = (port: number) => `127.0.0.1:${port}`;

describe("HostSet", () => {
  it("tells those who know nothing everything, and those who are up to date nothing", () => {
    const set = new HostSet("app", 1);
    assert.deepEqual(set.since(0), { cluster: "app", from: 0, to: 1, upserts: [], removed: [] });
    assert.equal(set.replace([endpointData(1), endpointData(2)]), true);
    const all = set.since(0);
    assert.deepEqual(
      [all?.from, all?.upserts.map(({ endpoint }) => endpoint)],
      [0, [endpointData(1), endpointData(2)]],
    );
    assert.equal(set.since(set.version), null);
  });

  it("tells what changed since a version: one host of many is one host", () => {
    const set = new HostSet("app", 1);
    const ports = Array.from({ length: 10_000 }, (_, i) => i + 1);
    set.replace(ports.map((port) => endpointData(port)));
    const before = set.version;
    set.replace(ports.filter((port) => port !== 7).map((port) => endpointData(port, { weight: port === 9 ? 5 : 1 })));
    assert.deepEqual(set.since(before), {
      cluster: "app",
      from: before,
      to: set.version,
      upserts: [{ endpoint: endpointData(9, { weight: 5 }), healthFlags: 0 }],
      removed: [address(7)],
    });
  });

  it("does not change for the same endpoints, in whatever order, and takes the first of several with one address", () => {
    const set = new HostSet("app", 1);
    set.replace([endpointData(1), endpointData(2), endpointData(1, { weight: 9 })]);
    const { version } = set;
    assert.equal(set.replace([endpointData(2), endpointData(1)]), false);
    assert.equal(set.version, version);
    assert.equal(set.members.get(address(1))?.endpoint.weight, 1);
  });

  it("keeps what is known of a host's health while the host stays", () => {
    const set = new HostSet("app", 1);
    set.replace([endpointData(1), endpointData(2)]);
    assert.equal(set.setHealthFlags(address(1), HealthFlag.failedActiveHc, true), true);
    assert.equal(set.setHealthFlags(address(1), HealthFlag.failedActiveHc, true), false);
    assert.equal(set.setHealthFlags(address(9), HealthFlag.failedActiveHc, true), false);
    set.replace([endpointData(1, { weight: 3 })]);
    assert.equal(set.members.get(address(1))?.healthFlags, HealthFlag.failedActiveHc);
    set.replace([]);
    set.replace([endpointData(1)]);
    assert.equal(set.members.get(address(1))?.healthFlags, 0);
  });

  it("forgets how old versions led here, and then tells everything", () => {
    const set = new HostSet("app", 1);
    set.replace([endpointData(1)]);
    const old = set.version;
    for (let i = 0; i < 5000; i++) set.setHealthFlags(address(1), HealthFlag.failedOutlierCheck, i % 2 === 0);
    assert.equal(set.since(old)?.from, 0);
    const recent = set.version;
    set.setHealthFlags(address(1), HealthFlag.failedOutlierCheck, true);
    assert.equal(set.since(recent)?.from, recent);
  });
});

describe("The policy of a host set", () => {
  const policy = { overprovisioningFactorPercent: 200, weightedPriorityHealth: false, dropOverload: null };

  it("is told when it changes, without any host, and not again with the next change", () => {
    const set = new HostSet("app", 1);
    set.replace([endpointData(1)]);
    const before = set.version;
    assert.equal(set.replace([endpointData(1)], policy), true);
    assert.deepEqual(set.since(before), { cluster: "app", from: 2, to: 3, upserts: [], removed: [], policy });
    assert.equal(set.replace([endpointData(1)], { ...policy }), false);
    set.replace([endpointData(1), endpointData(2)], policy);
    assert.equal("policy" in set.since(3)!, false);
    assert.deepEqual(set.since(0)!.policy, policy);
    set.replace([endpointData(1), endpointData(2)]);
    assert.equal(set.since(4)!.policy, null);
  });
});

describe("MembershipMirror", () => {
  it("follows a host set through any changes, and is in the same order", () => {
    const set = new HostSet("app", 1);
    const mirror = new MembershipMirror();
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 500; round++) {
      const endpoints = Array.from({ length: random(12) }, () =>
        endpointData(1 + random(12), { weight: 1 + random(2) }),
      );
      const policy =
        random(2) === 0
          ? null
          : { overprovisioningFactorPercent: random(3), weightedPriorityHealth: false, dropOverload: null };
      if (random(3) > 0) set.replace(endpoints, policy);
      else set.setHealthFlags(address(1 + random(12)), 1, random(2) === 0);
      if (random(2) === 0) continue;
      const delta = set.since(mirror.version);
      if (delta !== null) assert.equal(mirror.apply(delta), true);
      assert.deepEqual([...mirror.members], [...set.members]);
      assert.deepEqual(mirror.policy, set.policy);
    }
  });

  it("refuses a delta from another version than its own", () => {
    const set = new HostSet("app", 1);
    set.replace([endpointData(1)]);
    const { version } = set;
    set.replace([endpointData(2)]);
    const mirror = new MembershipMirror();
    assert.equal(mirror.apply(set.since(version)!), false);
    assert.equal(mirror.members.size, 0);
    assert.equal(mirror.apply(set.since(0)!), true);
    assert.deepEqual([...mirror.members.keys()], [address(2)]);
  });
});
