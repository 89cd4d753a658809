import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { DnsServer } from "../harness/dns-server.ts";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client, requestOnce } from "../harness/http1-client.ts";
import { loopback, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

/** A cluster that looks `name` up at `dns`. */
function dnsCluster(dns: DnsServer, port: number, more: object = {}): object {
  const address = { socket_address: { address: "app.test", port_value: port } };
  return {
    name: "app",
    type: "STRICT_DNS",
    dns_refresh_rate: "0.05s",
    dns_lookup_family: "V4_ONLY",
    dns_resolvers: [loopback(dns.port)],
    load_assignment: { cluster_name: "app", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...more,
  };
}

async function nameServer(t: TestContext): Promise<DnsServer> {
  const dns = await DnsServer.start();
  t.after(() => dns.close());
  return dns;
}

async function upstream(t: TestContext, text: string): Promise<FakeUpstream> {
  const server = await FakeUpstream.start(answering(text));
  t.after(() => server.close());
  return server;
}

async function start(t: TestContext, cluster: object, routes?: readonly object[]): Promise<RunningProxy> {
  const config = sampleBootstrap({ clusters: [cluster], ...(routes && { listeners: [{ routes }] }) });
  return startTestProxy(t, { config, concurrency: 2 });
}

async function hosts(proxy: RunningProxy): Promise<number | undefined> {
  return (await proxy.stats("cluster.app.membership_total")).get("cluster.app.membership_total");
}

describe("A STRICT_DNS cluster", () => {
  it("serves from the start, on every worker, and follows the name's addresses without touching connections to those that stay", async (t) => {
    const dns = await nameServer(t);
    const app = await upstream(t, "ok");
    dns.set("app.test", ["127.0.0.1"]);
    const proxy = await start(t, dnsCluster(dns, app.port));
    const clients = await Promise.all(Array.from({ length: 8 }, () => Http1Client.connect(proxy.port())));
    t.after(() => {
      for (const client of clients) client.close();
    });
    const round = async (): Promise<string[]> =>
      (await Promise.all(clients.map((client) => client.request()))).map(({ body }) => body);
    assert.deepEqual(new Set(await round()), new Set(["ok"]));
    const before = [...app.connections];
    dns.set("app.test", ["127.0.0.1", "127.0.0.2"]);
    await proxy.until("two hosts", async () => (await hosts(proxy)) === 2);
    dns.set("app.test", ["127.0.0.1"]);
    await proxy.until("one host", async () => (await hosts(proxy)) === 1);
    // The workers are told a little later; nobody answers at the other address.
    await proxy.until("answers of that one alone", async () => (await round()).every((body) => body === "ok"));
    for (let i = 0; i < 4; i++) assert.deepEqual(new Set(await round()), new Set(["ok"]));
    assert.equal(before.filter(({ closed }) => closed).length, 0);
    const stats = await proxy.stats("cluster.app.(update|membership_change)|dns.cares");
    assert.equal(stats.get("cluster.app.membership_change"), 3);
    assert.equal(stats.get("cluster.app.update_failure"), 0);
    assert.ok(stats.get("dns.cares.resolve_total")! > 2);
  });

  it("asks the name servers of the bootstrap if it names none", async (t) => {
    const dns = await nameServer(t);
    const app = await upstream(t, "ok");
    dns.set("app.test", ["127.0.0.1"]);
    const { dns_resolvers: _, ...cluster } = dnsCluster(dns, app.port) as { dns_resolvers: unknown };
    const typed_config = {
      "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
      resolvers: [loopback(dns.port)],
    };
    const more = { typed_dns_resolver_config: { name: "envoy.network.dns_resolver.cares", typed_config } };
    const proxy = await startTestProxy(t, { config: sampleBootstrap({ clusters: [cluster], more }) });
    assert.equal((await requestOnce(proxy.port())).body, "ok");
  });

  it("keeps its hosts while look-ups fail, and has none when the name is gone", async (t) => {
    const dns = await nameServer(t);
    const app = await upstream(t, "ok");
    dns.set("app.test", ["127.0.0.1"]);
    const proxy = await start(t, dnsCluster(dns, app.port));
    dns.set("app.test", "SERVFAIL");
    const failures = async () => (await proxy.stats("update_failure")).get("cluster.app.update_failure") ?? 0;
    await proxy.until("failures", async () => (await failures()) >= 2);
    assert.equal((await requestOnce(proxy.port())).body, "ok");
    dns.remove("app.test");
    await proxy.until("no host", async () => (await hosts(proxy)) === 0);
    // The workers are told a little later.
    await proxy.until("no answer", async () => (await requestOnce(proxy.port())).body === "no healthy upstream");
    assert.ok(((await proxy.stats("update_empty")).get("cluster.app.update_empty") ?? 0) > 0);
  });

  it("is told to a worker that starts later, and to one that has crashed", async (t) => {
    const dns = await nameServer(t);
    const app = await upstream(t, "ok");
    dns.set("app.test", ["127.0.0.1"]);
    const proxy = await start(t, dnsCluster(dns, app.port, { dns_refresh_rate: "3600s" }));
    assert.equal((await proxy.post("/workers?count=1")).status, 200);
    assert.equal((await requestOnce(proxy.port())).body, "ok");
    assert.equal((await proxy.post("/workers?count=3")).status, 200);
    assert.equal((await proxy.post("/workers?count=1")).status, 200);
    await proxy.post("/actors/worker-1/crash");
    await proxy.until("an answer", async () => {
      const answer = await requestOnce(proxy.port()).catch(() => undefined);
      return answer?.body === "ok";
    });
  });

  it("is changed by a reload only when its new hosts are known, and lets go of the old ones", async (t) => {
    const dns = await nameServer(t);
    const [first, second] = [await upstream(t, "first"), await upstream(t, "second")];
    dns.set("app.test", ["127.0.0.1"]);
    const proxy = await start(t, dnsCluster(dns, first.port));
    const client = await Http1Client.connect(proxy.port());
    t.after(() => client.close());
    assert.equal((await client.request()).body, "first");
    const answer = await proxy.reload(sampleBootstrap({ clusters: [dnsCluster(dns, second.port)] }));
    assert.equal(answer.status, 200);
    for (let i = 0; i < 5; i++) assert.equal((await client.request()).body, "second");
    assert.equal(client.closed, false);
    await proxy.until("the old connection's end", async () => first.connections.every(({ closed }) => closed));
  });

  it("is shown as warming while a reload waits for its hosts, and the configuration before goes on serving", async (t) => {
    const dns = await nameServer(t);
    const app = await upstream(t, "ok");
    dns.set("app.test", ["127.0.0.1"]);
    const proxy = await start(t, dnsCluster(dns, app.port));
    dns.set("late.test", "silence");
    const address = { socket_address: { address: "late.test", port_value: app.port } };
    const assignment = { cluster_name: "late", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
    const late = dnsCluster(dns, app.port, { name: "late", load_assignment: assignment });
    const reload = proxy.reload(sampleBootstrap({ clusters: [dnsCluster(dns, app.port), late] }));
    const body = async (path: string) => (await proxy.admin(path)).body;
    await proxy.until("warming", async () => (await body("/init_dump")).includes('"Cluster late"'));
    assert.match(await body("/init_dump"), /"hosts \(primary\)"/);
    assert.match(await body("/membership"), /^late +warming /m);
    assert.equal((await proxy.stats("warming")).get("cluster_manager.warming_clusters"), 1);
    assert.equal((await requestOnce(proxy.port())).body, "ok");
    dns.set("late.test", ["127.0.0.1"]);
    assert.equal((await reload).status, 200);
    assert.equal(await body("/init_dump"), "{}\n");
    assert.equal((await proxy.stats("warming")).get("cluster_manager.warming_clusters"), 0);
    assert.match(await body("/membership"), /^late +active +\d+ +1 /m);
  });

  it("does not hold up the start when its name server is silent, if it is told not to wait", async (t) => {
    const dns = await nameServer(t);
    dns.set("app.test", "silence");
    const proxy = await start(t, dnsCluster(dns, 1, { wait_for_warm_on_init: false }));
    assert.equal((await requestOnce(proxy.port())).status, 503);
  });
});

describe("A LOGICAL_DNS cluster", () => {
  it("uses one address, stays with it while the name has it, and rewrites the authority to the name", async (t) => {
    const dns = await nameServer(t);
    const app = await upstream(t, "ok");
    dns.set("app.test", ["127.0.0.1", "127.0.0.2"]);
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app", auto_host_rewrite: true } }];
    const proxy = await start(t, dnsCluster(dns, app.port, { type: "LOGICAL_DNS" }), routes);
    assert.equal((await requestOnce(proxy.port())).body, "ok");
    assert.equal(await hosts(proxy), 1);
    dns.set("app.test", ["127.0.0.2", "127.0.0.1"]);
    const attempts = async () => (await proxy.stats("update_success")).get("cluster.app.update_success") ?? 0;
    const before = await attempts();
    await proxy.until("look-ups", async () => (await attempts()) > before + 2);
    assert.equal((await proxy.stats("membership_change")).get("cluster.app.membership_change"), 1);
  });
});
