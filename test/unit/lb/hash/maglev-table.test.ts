import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashContext, lbHost } from "../lb-fixture.ts";
import { hashBalancer, hostsOnPorts } from "./hash-fixture.ts";

const SIX = [90, 91, 92, 93, 94, 95];

function assertTable(pick: (hash: bigint) => string, ports: readonly number[]): void {
  for (let hash = 0; hash < 3 * ports.length; hash++) {
    assert.equal(pick(BigInt(hash)), `127.0.0.1:${ports[hash % ports.length]}`);
  }
}

describe("MaglevTable", () => {
  it("has no host to give if there is none", () => {
    assert.equal(hashBalancer([], { maglev: {} }).pick(1n), "none");
  });

  it("is Envoy's table for the same hosts, entry by entry, in whatever order they come", () => {
    for (const ports of [SIX, [...SIX].reverse()]) {
      const { pick, stats } = hashBalancer(hostsOnPorts(ports), { maglev: { tableSize: 7 } });
      assertTable(pick, [92, 94, 90, 91, 95, 90, 93]);
      assert.equal(stats.value("maglev_lb.min_entries_per_host"), 1);
      assert.equal(stats.value("maglev_lb.max_entries_per_host"), 2);
    }
  });

  it("is Envoy's table by host names", () => {
    const hosts = hostsOnPorts(SIX, (at) => ({ hostname: `${SIX[at]}` }));
    assertTable(
      hashBalancer(hosts, { maglev: { tableSize: 7, useHostname: true } }).pick,
      [92, 95, 90, 93, 94, 91, 90],
    );
  });

  it("is Envoy's table for weighted hosts", () => {
    const hosts = hostsOnPorts([90, 91], (at) => ({ weight: at + 1 }));
    const { pick, stats } = hashBalancer(hosts, { maglev: { tableSize: 17 } });
    assertTable(
      pick,
      [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1].map((at) => 90 + at),
    );
    assert.equal(stats.value("maglev_lb.min_entries_per_host"), 6);
    assert.equal(stats.value("maglev_lb.max_entries_per_host"), 11);
  });

  it("is Envoy's table for weighted localities, one of them without weight", () => {
    const locality = (zone: string) => ({ region: "", zone, subZone: "" });
    const hosts = [
      lbHost("127.0.0.1:90", { locality: locality("A"), localityWeight: 8 }),
      lbHost("127.0.0.1:91", { locality: locality("C"), localityWeight: 2, weight: 2 }),
      lbHost("127.0.0.1:92", { locality: locality("B"), localityWeight: 0, weight: 3 }),
    ];
    const { pick, stats } = hashBalancer(hosts, { maglev: { tableSize: 17 }, byLocality: true });
    assertTable(
      pick,
      [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0].map((at) => 90 + at),
    );
    assert.equal(stats.value("maglev_lb.min_entries_per_host"), 4);
    assert.equal(stats.value("maglev_lb.max_entries_per_host"), 13);
  });

  it("has no host to give if no locality has a weight", () => {
    const { pick } = hashBalancer([lbHost("127.0.0.1:90")], { maglev: { tableSize: 17 }, byLocality: true });
    assert.equal(pick(0n), "none");
  });

  it("changes the hash for another host", () => {
    const { lb } = hashBalancer(hostsOnPorts(SIX), { maglev: { tableSize: 7 } });
    const picked = (refused: readonly string[]): string => {
      const shouldSelectAnotherHost = (host: { addressText: string }): boolean => refused.includes(host.addressText);
      return lb.chooseHost(hashContext(10n, { hostSelectionRetryCount: 2, shouldSelectAnotherHost }))!.addressText;
    };
    assert.equal(picked([]), "127.0.0.1:91");
    assert.equal(picked(["127.0.0.1:91"]), "127.0.0.1:90");
    assert.equal(picked(hostsOnPorts(SIX).map((host) => host.addressText)), "127.0.0.1:95");
  });

  it("gives each of 1,000 hosts its share of the entries, give or take one", () => {
    const ports = Array.from({ length: 1000 }, (_, at) => 1000 + at);
    const { pick, stats } = hashBalancer(hostsOnPorts(ports), { maglev: {} });
    pick(0n);
    assert.equal(stats.value("maglev_lb.min_entries_per_host"), 65);
    assert.equal(stats.value("maglev_lb.max_entries_per_host"), 66);
  });
});
