import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { clientsOfAllWorkers } from "../harness/http1-clients.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

/** A host that answers requests with its name, and checks with a status that the test sets. */
class CheckedHost {
  readonly upstream: FakeUpstream;
  status: number;

  private constructor(upstream: FakeUpstream, status: number) {
    this.upstream = upstream;
    this.status = status;
  }

  static async start(t: TestContext, name: string, status = 200): Promise<CheckedHost> {
    const upstream = await FakeUpstream.start();
    const host = new CheckedHost(upstream, status);
    upstream.setScript((exchange) => {
      if (exchange.target !== "/healthz") exchange.respond({ body: name });
      else if (host.status !== 0) exchange.respond({ status: host.status });
    });
    t.after(() => upstream.close());
    return host;
  }

  /** Connections that carried checks. */
  get checkConnections(): number {
    return this.upstream.connections.filter(({ received }) => received.includes("/healthz")).length;
  }
}

function checkedCluster(hosts: readonly CheckedHost[], check: object = {}, more: object = {}): object {
  const health = {
    timeout: "30s",
    interval: "0.02s",
    no_traffic_interval: "0.02s",
    unhealthy_threshold: 1,
    healthy_threshold: 1,
    http_health_check: { path: "/healthz" },
    ...check,
  };
  const addresses = hosts.map(({ upstream }) => loopback(upstream.port));
  return sampleCluster("app", addresses, { health_checks: [health], ...more });
}

async function start(t: TestContext, cluster: object): Promise<RunningProxy> {
  return startTestProxy(t, { config: sampleBootstrap({ clusters: [cluster] }), concurrency: 2 });
}

/** Which hosts answer, over four requests on each connection. */
async function answers(connections: readonly Http1Client[]): Promise<string[]> {
  const bodies = new Set<string>();
  for (let round = 0; round < 4; round++) {
    for (const { body } of await Promise.all(connections.map((client) => client.request()))) bodies.add(body);
  }
  return [...bodies].sort();
}

async function healthyHosts(proxy: RunningProxy, count: number): Promise<void> {
  await proxy.until(`${count} healthy hosts on all workers`, async () => {
    const [stats, page] = await Promise.all([proxy.stats("cluster.app"), proxy.admin("/clusters")]);
    const failed = page.body.match(/health_flags::\/failed_active_hc/g)?.length ?? 0;
    return stats.get("cluster.app.membership_healthy") === count && failed === 2 - count;
  });
}

describe("A cluster with active health checks", () => {
  it("takes a host that fails out of use on every worker and uses it again when it passes", async (t) => {
    const [a, b] = [await CheckedHost.start(t, "a"), await CheckedHost.start(t, "b")];
    const proxy = await start(t, checkedCluster([a, b]));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    assert.deepEqual(await answers(connections), ["a", "b"]);
    b.status = 503;
    await healthyHosts(proxy, 1);
    assert.deepEqual(await answers(connections), ["a"]);
    b.status = 200;
    await healthyHosts(proxy, 2);
    assert.deepEqual(await answers(connections), ["a", "b"]);
    const stats = await proxy.stats("cluster.app.health_check");
    assert.equal(stats.get("cluster.app.health_check.healthy"), 2);
    assert.ok(stats.get("cluster.app.health_check.failure")! >= 1);
    assert.ok(stats.get("cluster.app.health_check.success")! >= 4);
  });

  it("does not begin before its hosts are checked, and checks each once for all workers", async (t) => {
    const [a, b] = [await CheckedHost.start(t, "a"), await CheckedHost.start(t, "b", 500)];
    const proxy = await start(t, checkedCluster([a, b]));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    assert.deepEqual(await answers(connections), ["a"]);
    assert.deepEqual([a.checkConnections, b.checkConnections], [1, 1]);
  });

  it("starts all the same with a host that never answers its check", async (t) => {
    const [a, b] = [await CheckedHost.start(t, "a"), await CheckedHost.start(t, "b", 0)];
    // The one that answers may be held up, too: once it has passed a check it stays in use.
    const proxy = await start(t, checkedCluster([a, b], { timeout: "1s", unhealthy_threshold: 1000 }));
    await proxy.until("one host that has passed its check", async () => {
      const { body } = await proxy.admin("/clusters");
      return body.includes(`${a.upstream.address}::health_flags::healthy`);
    });
    assert.deepEqual(await answers(await clientsOfAllWorkers(t, proxy.port())), ["a"]);
    assert.match((await proxy.admin("/clusters")).body, /health_flags::\/failed_active_hc\/active_hc_timeout/);
  });

  it("keeps what it knows over a reload, and stops checking what is gone", async (t) => {
    const [a, b] = [await CheckedHost.start(t, "a"), await CheckedHost.start(t, "b", 500)];
    const proxy = await start(t, checkedCluster([a, b]));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    await proxy.reload(sampleBootstrap({ clusters: [checkedCluster([a, b], { interval: "0.03s" })] }));
    assert.deepEqual(await answers(connections), ["a"]);
    await proxy.reload(sampleBootstrap({ clusters: [checkedCluster([a])] }));
    await proxy.until("the end of checks", async () => b.upstream.openConnections === 0);
    await proxy.reload(sampleBootstrap({ clusters: [sampleCluster("app", [loopback(b.upstream.port)])] }));
    assert.deepEqual(await answers(connections), ["b"]);
    await proxy.until("no stats of checks", async () => !(await proxy.stats("health_check.attempt")).size);
  });

  it("takes a host that says in an answer that it fails out of use on every worker, until it passes a check", async (t) => {
    const [a, b] = [await CheckedHost.start(t, "a"), await CheckedHost.start(t, "b")];
    const proxy = await start(t, checkedCluster([a, b], { interval: "60s", no_traffic_interval: "60s" }));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    assert.deepEqual(await answers(connections), ["a", "b"]);
    b.upstream.setScript((exchange) =>
      exchange.respond({ headers: { "x-envoy-immediate-health-check-fail": "true" }, body: "b" }),
    );
    await answers(connections);
    await healthyHosts(proxy, 1);
    assert.deepEqual(await answers(connections), ["a"]);
    const stats = await proxy.stats("cluster.app");
    assert.ok(stats.get("cluster.app.health_check.passive_failure")! >= 1, "each worker may have told of it");
    assert.equal(stats.get("cluster.app.membership_excluded"), 1);
    const flags = /health_flags::\/failed_active_hc\/excluded_via_immediate_hc_fail/;
    assert.match((await proxy.admin("/clusters")).body, flags);
  });

  it("uses such a host again when it passes its next check", async (t) => {
    const [a, b] = [await CheckedHost.start(t, "a"), await CheckedHost.start(t, "b")];
    const proxy = await start(t, checkedCluster([a, b], { healthy_threshold: 2 }));
    const connections = await clientsOfAllWorkers(t, proxy.port());
    let told = 0;
    b.upstream.setScript((exchange) => {
      const isFirst = exchange.target !== "/healthz" && told++ === 0;
      exchange.respond({ headers: isFirst ? { "x-envoy-immediate-health-check-fail": "true" } : {}, body: "b" });
    });
    await answers(connections);
    await proxy.until("a passive failure", async () => {
      return (await proxy.stats("passive_failure")).get("cluster.app.health_check.passive_failure")! >= 1;
    });
    await healthyHosts(proxy, 2);
    assert.deepEqual(await answers(connections), ["a", "b"]);
  });

  it("passes on to another proxy that this server is to fail, by the health_check filter", async (t) => {
    const upstream = await FakeUpstream.start((exchange) => exchange.respond({ body: "inner" }));
    t.after(() => upstream.close());
    const filter = {
      name: "envoy.filters.http.health_check",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck",
        pass_through_mode: false,
        headers: [{ name: ":path", string_match: { exact: "/healthz" } }],
      },
    };
    const router = {
      name: "envoy.filters.http.router",
      typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    };
    const inner = await startTestProxy(t, {
      config: sampleBootstrap({
        listeners: [{ manager: { http_filters: [filter, router] } }],
        clusters: [sampleCluster("app", [loopback(upstream.port)])],
      }),
      concurrency: 2,
    });
    const health = {
      timeout: "30s",
      interval: "60s",
      no_traffic_interval: "60s",
      unhealthy_threshold: 1,
      healthy_threshold: 1,
      http_health_check: { path: "/healthz" },
    };
    const outer = await start(t, sampleCluster("app", [loopback(inner.port())], { health_checks: [health] }));
    const client = await Http1Client.connect(outer.port());
    t.after(() => client.close());
    assert.equal((await client.request()).body, "inner");
    await inner.admin("/healthcheck/fail", "POST");
    await outer.until("the host to fail", async () => {
      await client.request();
      return (await outer.stats("membership_excluded")).get("cluster.app.membership_excluded") === 1;
    });
  });

  it("writes Envoy's events to a file", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "troupe-events-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "events.json");
    const a = await CheckedHost.start(t, "a");
    const proxy = await start(t, checkedCluster([a], { event_log_path: path }));
    const events = (): Record<string, unknown>[] =>
      readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    a.status = 503;
    await proxy.until("the second event", async () => events().length === 2);
    const [added, ejected] = events();
    assert.deepEqual(
      { ...added, timestamp: "" },
      {
        health_checker_type: "HTTP",
        host: {
          socket_address: {
            protocol: "TCP",
            address: "127.0.0.1",
            resolver_name: "",
            ipv4_compat: false,
            port_value: a.upstream.port,
          },
        },
        cluster_name: "app",
        timestamp: "",
        metadata: { filter_metadata: {}, typed_filter_metadata: {} },
        locality: { region: "", zone: "", sub_zone: "" },
        add_healthy_event: { first_check: true },
      },
    );
    assert.deepEqual(ejected?.eject_unhealthy_event, { failure_type: "ACTIVE" });
  });

  it("checks another port, or does not check at all, where an endpoint says so", async (t) => {
    const [a, b] = [await CheckedHost.start(t, "a"), await CheckedHost.start(t, "b", 500)];
    const endpoint = (host: CheckedHost, config: object): object => ({
      endpoint: { address: loopback(host.upstream.port), health_check_config: config },
    });
    const lbEndpoints = [
      endpoint(a, { port_value: b.upstream.port }),
      endpoint(b, { disable_active_health_check: true }),
    ];
    const assignment = { cluster_name: "app", endpoints: [{ lb_endpoints: lbEndpoints }] };
    const proxy = await start(t, checkedCluster([], {}, { load_assignment: assignment }));
    assert.deepEqual(await answers(await clientsOfAllWorkers(t, proxy.port())), ["b"]);
    assert.equal(a.checkConnections, 0);
  });
});
