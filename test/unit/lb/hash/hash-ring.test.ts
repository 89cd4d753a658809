import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LbHost } from "../../../../src/lb/lb-host.ts";
import { hashContext, lbHost, SeededRandom, tally } from "../lb-fixture.ts";
import { hashBalancer, hostsOnPorts } from "./hash-fixture.ts";

const MAX = (1n << 64n) - 1n;
const SIX = [90, 91, 92, 93, 94, 95];

/** The ring that Envoy's own test has for ports 90 to 95 and 12 entries. */
const RING: readonly (readonly [hash: bigint, port: number])[] = [
  [833437586790550860n, 94],
  [928266305478181108n, 92],
  [1033482794131418490n, 90],
  [3551244743356806947n, 95],
  [3851675632748031481n, 93],
  [5583722120771150861n, 91],
  [6311230543546372928n, 91],
  [7700377290971790572n, 93],
  [13144177310400110813n, 95],
  [13444792449719432967n, 92],
  [15516499411664133160n, 94],
  [16117243373044804889n, 90],
];

/** And the one by MurmurHash 2, for ports 80 to 85. */
const MURMUR_RING: typeof RING = [
  [1358027074129602068n, 85],
  [4361834613929391114n, 83],
  [7224494972555149682n, 84],
  [7701421856454313576n, 81],
  [8649315368077433379n, 82],
  [8739448859063030639n, 84],
  [9887544217113020895n, 81],
  [10150910876324007731n, 82],
  [15168472011420622455n, 83],
  [15427156902705414897n, 80],
  [16375050414328759093n, 85],
  [17613279263364193813n, 80],
];

/** And the one by host names 90 to 95. */
const HOSTNAME_RING: typeof RING = [
  [1975508444536362413n, 95],
  [2376063919839173711n, 95],
  [2386806903309390596n, 93],
  [6749904478991551885n, 94],
  [6803900775736438537n, 93],
  [7225015537174310577n, 92],
  [8787465352164086522n, 90],
  [11282020843382717940n, 92],
  [13723418369486627818n, 91],
  [13776502110861797421n, 90],
  [14338313586354474791n, 91],
  [15364271037087512980n, 94],
];

function assertRing(pick: (hash: bigint) => string, ring: typeof RING): void {
  for (const [at, [hash, port]] of ring.entries()) {
    assert.equal(pick(hash), `127.0.0.1:${port}`);
    assert.equal(pick(hash + 1n), `127.0.0.1:${ring[(at + 1) % ring.length]![1]}`);
  }
  assert.equal(pick(0n), `127.0.0.1:${ring[0]![1]}`);
  assert.equal(pick(MAX), `127.0.0.1:${ring[0]![1]}`);
}

describe("HashRing", () => {
  it("has no host to give if there is none", () => {
    assert.equal(hashBalancer([], {}).pick(1n), "none");
  });

  it("is Envoy's ring for the same hosts, entry by entry", () => {
    const { pick, stats } = hashBalancer(hostsOnPorts(SIX), { ring: { minRingSize: 12 } });
    assertRing(pick, RING);
    assert.equal(stats.value("ring_hash_lb.size"), 12);
    assert.equal(stats.value("ring_hash_lb.min_hashes_per_host"), 2);
    assert.equal(stats.value("ring_hash_lb.max_hashes_per_host"), 2);
  });

  it("is Envoy's ring by MurmurHash 2", () => {
    const ring = { minRingSize: 12, hashFunction: "murmurHash2" } as const;
    assertRing(hashBalancer(hostsOnPorts([80, 81, 82, 83, 84, 85]), { ring }).pick, MURMUR_RING);
  });

  it("is Envoy's ring by host names and by hash keys in the metadata", () => {
    const ring = { minRingSize: 12, useHostname: true };
    assertRing(
      hashBalancer(
        hostsOnPorts(SIX, (at) => ({ hostname: `${SIX[at]}` })),
        { ring },
      ).pick,
      HOSTNAME_RING,
    );
    const keyed = hostsOnPorts(SIX, (at) => ({ metadata: new Map([["envoy.lb", { hash_key: `${SIX[at]}` }]]) }));
    assertRing(hashBalancer(keyed, { ring: { minRingSize: 12 } }).pick, HOSTNAME_RING);
  });

  it("gives places by weight, as Envoy's ring of six", () => {
    const hosts = hostsOnPorts([90, 91, 92], (at) => ({ weight: at + 1 }));
    const { pick, stats } = hashBalancer(hosts, { ring: { minRingSize: 6, maxRingSize: 6 } });
    const expected: typeof RING = [
      [928266305478181108n, 92],
      [4443673547860492590n, 92],
      [5583722120771150861n, 91],
      [6311230543546372928n, 91],
      [13444792449719432967n, 92],
      [16117243373044804889n, 90],
    ];
    assertRing(pick, expected);
    assert.equal(stats.value("ring_hash_lb.min_hashes_per_host"), 1);
    assert.equal(stats.value("ring_hash_lb.max_hashes_per_host"), 3);
  });

  it("is a little larger than asked for if the hosts do not divide it", () => {
    const { pick, stats } = hashBalancer(hostsOnPorts([80, 81]), { ring: { minRingSize: 3 } });
    assert.equal(pick(5454692015285649509n), "127.0.0.1:80");
    assert.equal(pick(5454692015285649510n), "127.0.0.1:81");
    assert.equal(stats.value("ring_hash_lb.size"), 4);
  });

  it("goes round the ring for another host", () => {
    const { lb } = hashBalancer(hostsOnPorts(SIX), { ring: { minRingSize: 12 } });
    const picked = (retries: number, refuse: (host: LbHost) => boolean): string =>
      lb.chooseHost(hashContext(0n, { hostSelectionRetryCount: retries, shouldSelectAnotherHost: refuse }))!
        .addressText;
    assert.equal(
      picked(2, () => false),
      "127.0.0.1:94",
    );
    assert.equal(
      picked(2, (host) => host.addressText === "127.0.0.1:94"),
      "127.0.0.1:92",
    );
    assert.equal(
      picked(2, () => true),
      "127.0.0.1:90",
    );
    assert.equal(
      picked(13, () => true),
      "127.0.0.1:92",
    );
  });

  it("spreads by weight within 10 % on a large ring", () => {
    const hosts = hostsOnPorts([90, 91, 92], (at) => ({ weight: at + 1 }));
    const { lb } = hashBalancer(hosts, { ring: { minRingSize: 6144 } });
    const random = new SeededRandom(5);
    const hash = (): bigint => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
    const counts = tally(() => lb.chooseHost(hashContext(hash())), 60_000);
    for (const [at, host] of hosts.entries()) {
      const expected = 10_000 * (at + 1);
      assert.ok(Math.abs(counts[host.addressText]! - expected) < expected * 0.1, JSON.stringify(counts));
    }
  });

  it("moves at most 3 % of the requests when one of a hundred hosts leaves", () => {
    const ports = Array.from({ length: 100 }, (_, at) => 1000 + at);
    const { lb, pick } = hashBalancer(hostsOnPorts(ports), { ring: { minRingSize: 50_000 } });
    const random = new SeededRandom(3);
    const hashes = Array.from({ length: 5000 }, () => (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
    const before = hashes.map(pick);
    lb.update(hostsOnPorts(ports.filter((port) => port !== 1042)));
    const moved = hashes.filter((hash, at) => pick(hash) !== before[at]).length;
    assert.ok(moved > 0 && moved <= 150, `${moved} of 5000`);
  });
});

describe("HashLoadBalancer", () => {
  it("picks at random without a hash", () => {
    const { lb } = hashBalancer(hostsOnPorts(SIX), {});
    const counts = tally(() => lb.chooseHost(hashContext(null)), 12_000);
    for (const count of Object.values(counts)) assert.ok(Math.abs(count - 2000) < 500, JSON.stringify(counts));
  });

  it("uses all hosts in a panic, and counts that", () => {
    const { pick, stats } = hashBalancer(
      hostsOnPorts(SIX, () => ({ health: "unhealthy" })),
      { ring: { minRingSize: 12 } },
    );
    assert.equal(pick(0n), "127.0.0.1:94");
    assert.equal(stats.value("lb_healthy_panic"), 1);
  });

  it("lets the hash choose the priority, by load", () => {
    const hosts = [
      lbHost("127.0.0.1:80"),
      lbHost("127.0.0.1:81", { health: "unhealthy" }),
      lbHost("127.0.0.1:82", { priority: 1 }),
    ];
    const { pick } = hashBalancer(hosts, { ring: { minRingSize: 12 } });
    assert.equal(pick(69n), "127.0.0.1:80");
    assert.equal(pick(70n), "127.0.0.1:82");
    assert.equal(pick(99n), "127.0.0.1:82");
    assert.equal(pick(100n), "127.0.0.1:80");
  });

  it("takes changed hosts into account after an update", () => {
    const { lb, pick } = hashBalancer(hostsOnPorts(SIX), { ring: { minRingSize: 12 } });
    lb.update(hostsOnPorts([90]));
    assert.equal(pick(0n), "127.0.0.1:90");
  });

  it("makes the same picks whichever worker asks, in whatever order the hosts came to it", () => {
    const hosts = hostsOnPorts(
      Array.from({ length: 200 }, (_, at) => 1000 + at),
      (at) => ({ weight: 1 + (at % 7) }),
    );
    for (const setting of [{ ring: { minRingSize: 100, maxRingSize: 500 } }, { maglev: { tableSize: 1009 } }]) {
      const one = hashBalancer(hosts, setting);
      const other = hashBalancer([...hosts].reverse(), setting);
      for (let hash = 1n; hash < MAX; hash *= 3n) assert.equal(one.pick(hash), other.pick(hash));
    }
  });
});
