import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import type { Http1Client } from "../harness/http1-client.ts";
import { clientsOfAllWorkers } from "../harness/http1-clients.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { TcpPeer, TcpUpstream } from "../harness/tcp-peer.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

function aggregate(name: string, clusters: readonly string[], more: object = {}): object {
  const type = "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig";
  return {
    name,
    connect_timeout: "5s",
    lb_policy: "CLUSTER_PROVIDED",
    cluster_type: { name: "envoy.clusters.aggregate", typed_config: { "@type": type, clusters } },
    ...more,
  };
}

async function upstreams(t: TestContext, names: readonly string[]): Promise<FakeUpstream[]> {
  const started = await Promise.all(names.map((name) => FakeUpstream.start(answering(name))));
  t.after(() => Promise.all(started.map((upstream) => upstream.close())));
  return started;
}

function clusterOf(name: string, upstream: FakeUpstream, more: object = {}): object {
  return sampleCluster(name, [loopback(upstream.port)], more);
}

async function start(t: TestContext, clusters: readonly object[]) {
  const proxy = await startTestProxy(t, { config: sampleBootstrap({ clusters }), concurrency: 2 });
  return { proxy, connections: await clientsOfAllWorkers(t, proxy.port()) };
}

/** What is answered over four requests on each connection: body, or status if that is not 200. */
async function answers(connections: readonly Http1Client[]): Promise<string> {
  const seen = new Set<string>();
  for (let round = 0; round < 4; round++) {
    const responses = await Promise.all(connections.map((client) => client.request()));
    for (const { status, body } of responses) seen.add(status === 200 ? body : String(status));
  }
  return [...seen].sort().join(" ");
}

/** The example of the documentation, with these hosts and quick checks. */
function example(near: FakeUpstream, far: FakeUpstream): string {
  const text = readFileSync(join(import.meta.dirname, "../../docs/examples/failover.yaml"), "utf8");
  const replaced = text
    .replace("port_value: 8081", `port_value: ${near.port}`)
    .replace("port_value: 8082", `port_value: ${far.port}`)
    .replace("port_value: 10000", "port_value: 0")
    .replace("port_value: 9901", "port_value: 0");
  // A busy machine may take its time to answer.
  return replaced
    .replaceAll(/timeout: (0\.25|1)s/g, "timeout: 10s")
    .replaceAll("interval: 1s", "interval: 0.02s")
    .replaceAll("_threshold: 2", "_threshold: 1");
}

describe("An aggregate cluster", () => {
  it("fails over to the next cluster, as docs/examples/failover.yaml has it, when checks of the first one's hosts fail, and goes back", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const proxy = await startTestProxy(t, { config: example(a!, b!), concurrency: 2 });
    const connections = await clientsOfAllWorkers(t, proxy.port());
    assert.equal(await answers(connections), "a");
    a!.setScript(answering("ill", 500));
    await proxy.untilStat("cluster.near.membership_healthy", 0);
    await proxy.until("the failover on all workers", async () => (await answers(connections)) === "b");
    a!.setScript(answering("a"));
    await proxy.until("the way back on all workers", async () => (await answers(connections)) === "a");
  });

  it("tells outlier detection of its clusters what becomes of its requests", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const detection = { interval: "300s", base_ejection_time: "300s", max_ejection_percent: 100 };
    const calm = { common_lb_config: { healthy_panic_threshold: { value: 0 } } };
    const first = clusterOf("first", a!, { outlier_detection: detection, ...calm });
    const app = aggregate("app", ["first", "second"]);
    const { proxy, connections } = await start(t, [app, first, clusterOf("second", b!)]);
    a!.setScript(answering("ill", 500));
    await proxy.until("the ejection on all workers", async () => (await answers(connections)) === "b");
    const stats = await proxy.stats("cluster.first.outlier_detection");
    assert.equal(stats.get("cluster.first.outlier_detection.ejections_active"), 1);
  });

  it("has statistics of requests, its clusters those of connections; breakers are theirs but for retries", async (t) => {
    const [a] = await upstreams(t, ["a"]);
    const none = { circuit_breakers: { thresholds: [{ max_requests: 0 }] } };
    const { proxy, connections } = await start(t, [aggregate("app", ["first"], none), clusterOf("first", a!)]);
    assert.equal(await answers(connections), "a");
    const asked = connections.length * 4;
    await proxy.untilStat("cluster.app.upstream_rq_200", asked);
    const stats = await proxy.stats("cluster");
    assert.equal(stats.get("cluster.first.upstream_rq_total"), asked);
    assert.equal(stats.get("cluster.app.upstream_rq_total"), 0);
    assert.equal(stats.get("cluster.app.upstream_cx_total"), 0);
    assert.ok(stats.get("cluster.first.upstream_cx_total")! >= 1);
    assert.equal(stats.get("cluster.app.membership_total"), 0);
    const clusters = (await proxy.admin("/clusters")).body;
    assert.match(clusters, /^app::added_via_api::/m);
    assert.doesNotMatch(clusters, /^app::127/m);
    assert.match(clusters, /^first::127\.0\.0\.1:\d+::rq_total::/m);

    await proxy.reload(sampleBootstrap({ clusters: [aggregate("app", ["first"]), clusterOf("first", a!, none)] }));
    assert.equal(await answers(connections), "503");
    await proxy.untilStat("cluster.first.upstream_rq_pending_overflow", asked);
    assert.equal((await proxy.stats("cluster.app")).get("cluster.app.upstream_rq_pending_overflow"), 0);
  });

  it("follows reloads: clusters are added, removed and made anew, and connections of the others stay", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const [first, second] = [clusterOf("first", a!), clusterOf("second", b!)];
    const { proxy, connections } = await start(t, [aggregate("app", ["second"]), second]);
    assert.equal(await answers(connections), "b");
    await proxy.reload(sampleBootstrap({ clusters: [aggregate("app", ["first", "second"]), second, first] }));
    assert.equal(await answers(connections), "a");
    const opened = b!.connections.slice();
    const open = () => opened.filter(({ closed }) => !closed).length;
    await proxy.reload(sampleBootstrap({ clusters: [aggregate("app", ["second"]), second] }));
    assert.equal(await answers(connections), "b");
    assert.equal(open(), opened.length, "its idle connections were kept");
    const other = clusterOf("second", b!, { per_connection_buffer_limit_bytes: 4096 });
    await proxy.reload(sampleBootstrap({ clusters: [aggregate("app", ["second"]), other] }));
    assert.equal(await answers(connections), "b");
    await proxy.until("the end of its connections from before", async () => open() === 0);
    const refused = await proxy.reload(sampleBootstrap({ clusters: [aggregate("app", ["app"])] }));
    assert.match(refused.body, /the cluster \\?"app\\?" can't be part of an aggregate cluster/);
    assert.equal(await answers(connections), "b");
  });

  it("is explained, in force and proposed", async (t) => {
    const [a, b] = await upstreams(t, ["a", "b"]);
    const clusters = [aggregate("app", ["first", "second"]), clusterOf("first", a!), clusterOf("second", b!)];
    const { proxy } = await start(t, clusters);
    const question = { authority: "a.test", path: "/" };
    const explained = await proxy.post("/explain", JSON.stringify(question));
    assert.match(explained.body, /2 hosts: 2 healthy, 0 degraded, 0 unhealthy; aggregate of first, second/);
    assert.match(explained.body, new RegExp(`127\\.0\\.0\\.1:${a!.port} +first +healthy +- +1 +0 `));
    assert.match(explained.body, new RegExp(`127\\.0\\.0\\.1:${b!.port} +second +healthy +- +1 +1 `));
    const routes = [clusterRoute("turned")];
    const config = sampleBootstrap({
      listeners: [{ routes }],
      clusters: [...clusters, aggregate("turned", ["second", "first"])],
    });
    const proposed = await proxy.post("/explain", JSON.stringify({ ...question, config: JSON.stringify(config) }));
    assert.match(proposed.body, /2 hosts: 2 healthy, 0 degraded, 0 unhealthy; aggregate of second, first/);
  });

  it("serves TCP", async (t) => {
    const server = await TcpUpstream.start();
    t.after(() => server.close());
    server.onConnection((peer) => peer.write("hello"));
    const type = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
    const filter = {
      name: "envoy.filters.network.tcp_proxy",
      typed_config: { "@type": type, stat_prefix: "in", cluster: "app" },
    };
    const config = {
      static_resources: {
        listeners: [{ name: "tcp", address: loopback(0), filter_chains: [{ filters: [filter] }] }],
        clusters: [aggregate("app", ["first"]), sampleCluster("first", [loopback(server.port)])],
      },
    };
    const proxy = await startTestProxy(t, { config, concurrency: 1 });
    const client = await TcpPeer.connect(proxy.port("tcp"));
    t.after(() => client.destroy());
    await client.untilText("hello");
  });
});
