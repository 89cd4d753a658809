import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { DnsDiscoveryData, DnsLookupFamily } from "../../../../src/upstream/cluster-data.ts";
import { CaresLookup, DnsStats } from "../../../../src/upstream/discovery/dns-lookup.ts";
import { SystemNameFiles } from "../../../../src/upstream/discovery/system-names.ts";
import { DnsServer } from "../../../harness/dns-server.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { until } from "../../../harness/until.ts";

function systemFiles(t: TestContext, hosts: string, resolv: string): SystemNameFiles {
  const folder = mkdtempSync(path.join(os.tmpdir(), "troupe-names-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [hostsFile, resolvFile] = [path.join(folder, "hosts"), path.join(folder, "resolv.conf")];
  writeFileSync(hostsFile, hosts);
  writeFileSync(resolvFile, resolv);
  return new SystemNameFiles(hostsFile, resolvFile);
}

async function scene(t: TestContext, changes: Partial<DnsDiscoveryData>) {
  const dns = await DnsServer.start();
  t.after(() => dns.close());
  const clock = new FakeClock();
  const stats = new RecordingStats();
  const settings = {
    lookupFamily: "auto",
    resolvers: [`127.0.0.1:${dns.port}`],
    searchesDomains: true,
    ...changes,
  } as DnsDiscoveryData;
  const names = systemFiles(t, "", "");
  const lookup = new CaresLookup(settings, { timers: clock.timers, stats: new DnsStats(stats.scope("")), names });
  return { dns, clock, stats, lookup };
}

describe("CaresLookup", () => {
  const families: readonly (readonly [DnsLookupFamily, readonly string[], readonly string[]])[] = [
    ["auto", ["10.0.0.1", "fd00::1"], ["fd00::1"]],
    ["auto", ["10.0.0.1"], ["10.0.0.1"]],
    ["v4Preferred", ["10.0.0.1", "fd00::1"], ["10.0.0.1"]],
    ["v4Preferred", ["fd00::1"], ["fd00::1"]],
    ["v4Only", ["10.0.0.1", "fd00::1"], ["10.0.0.1"]],
    ["v6Only", ["10.0.0.1", "fd00::1"], ["fd00::1"]],
    ["all", ["fd00::1", "10.0.0.1"], ["10.0.0.1", "fd00::1"]],
  ];
  for (const [lookupFamily, records, expected] of families) {
    it(`takes ${expected} of ${records} under ${lookupFamily}`, async (t) => {
      const { dns, lookup } = await scene(t, { lookupFamily });
      dns.set("app.test", records, 7);
      assert.deepEqual(await lookup.lookup("app.test"), { addresses: expected, ttlMs: 7000 });
    });
  }

  it("says that a name which does not exist has no address, and counts it", async (t) => {
    const { lookup, stats } = await scene(t, {});
    assert.deepEqual((await lookup.lookup("none.test")).addresses, []);
    assert.deepEqual([stats.value("dns.cares.not_found"), stats.value("dns.cares.pending_resolutions")], [1, 0]);
  });

  it("rejects with the reason when a server fails", async (t) => {
    const { dns, lookup, stats } = await scene(t, {});
    dns.set("app.test", "SERVFAIL");
    await assert.rejects(lookup.lookup("app.test"), /^Error: ESERVFAIL$/);
    assert.equal(stats.value("dns.cares.get_addr_failure"), 1);
  });

  it("replaces a resolver that never answers", async (t) => {
    const { dns, clock, lookup, stats } = await scene(t, { lookupFamily: "v4Only" });
    dns.set("app.test", "silence");
    const answer = lookup.lookup("app.test");
    answer.catch(() => {});
    await until("the question", () => dns.questions.length > 0);
    clock.advance(30_010);
    await assert.rejects(answer, /ETIMEOUT/);
    assert.deepEqual([stats.value("dns.cares.reinits"), stats.value("dns.cares.timeout")], [1, 1]);
    dns.set("app.test", ["10.0.0.1"]);
    assert.deepEqual((await lookup.lookup("app.test")).addresses, ["10.0.0.1"]);
  });

  it("takes an address for what it is", async (t) => {
    const { dns, lookup } = await scene(t, {});
    assert.deepEqual((await lookup.lookup("10.1.2.3")).addresses, ["10.1.2.3"]);
    assert.equal(dns.questions.length, 0);
  });
});

describe("SystemNameFiles", () => {
  it("finds all addresses of a name in the hosts file, whatever the case", (t) => {
    const names = systemFiles(t, "127.0.0.1 localhost me # comment\n::1 LOCALHOST\n# 10.0.0.1 gone\nbroken line\n", "");
    assert.deepEqual(names.hostsFileAddresses("localhost"), ["127.0.0.1", "::1"]);
    assert.deepEqual(names.hostsFileAddresses("Me."), ["127.0.0.1"]);
    assert.deepEqual(names.hostsFileAddresses("gone"), []);
  });

  it("tries the search domains before a name with fewer dots than ndots, and after any other", (t) => {
    const names = systemFiles(t, "", "nameserver 10.0.0.53\nsearch a.test b.test.\noptions ndots:2 timeout:1\n");
    assert.deepEqual(names.candidates("app"), ["app.a.test", "app.b.test", "app"]);
    assert.deepEqual(names.candidates("app.x.y"), ["app.x.y", "app.x.y.a.test", "app.x.y.b.test"]);
    assert.deepEqual(names.candidates("app."), ["app"]);
  });

  it("takes files that are not there for empty", () => {
    const names = new SystemNameFiles("/nowhere/hosts", "/nowhere/resolv.conf");
    assert.deepEqual([names.hostsFileAddresses("localhost"), names.candidates("app")], [[], ["app"]]);
  });
});
