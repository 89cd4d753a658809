import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answerRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { UdpClient, UdpEcho } from "../harness/udp-peer.ts";

type Row = Readonly<Record<string, unknown>>;

/** A UDP listener beside one of TCP. */
function config(port: number, { statPrefix = "dns", cluster = "app", udp = true } = {}): object {
  const listener = {
    name: "udp",
    address: { socket_address: { protocol: "UDP", address: "127.0.0.1", port_value: 0 } },
    listener_filters: [
      {
        name: "envoy.filters.udp_listener.udp_proxy",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig",
          stat_prefix: statPrefix,
          cluster,
        },
      },
    ],
  };
  const sample = sampleBootstrap({
    listeners: [{ routes: [answerRoute("here")] }],
    clusters: [sampleCluster("app", [loopback(port)]), sampleCluster("empty", [])],
  }) as { static_resources: { listeners: object[] } };
  if (udp) sample.static_resources.listeners.push(listener);
  return sample;
}

describe("Looking at UDP", () => {
  let upstream: UdpEcho;
  let proxy: RunningProxy;
  let client: UdpClient;
  before(async () => {
    upstream = await UdpEcho.start("one");
    proxy = await startProxy({ config: config(upstream.port), concurrency: 2 });
    client = await UdpClient.open(proxy.port("udp"));
    await client.ask("hello");
  });
  after(async () => {
    await client?.close();
    await proxy?.kill();
    await upstream?.close();
  });

  const sessions = async (): Promise<Row[]> =>
    JSON.parse((await proxy.admin("/connections?format=json&protocol=UDP")).body).connections as Row[];

  it("counts its listeners with the others", async () => {
    await proxy.untilStat("listener_manager.total_listeners_active", 2);
    // On each worker, as in Envoy.
    assert.equal((await proxy.stats()).get("listener_manager.listener_create_success"), 4);
  });

  it("lists sessions with the connections", async () => {
    const [row, ...more] = await sessions();
    assert.equal(more.length, 0);
    assert.deepEqual(
      [row!.listener, row!.state, row!.cluster, row!.host, row!.snapshot_version, row!.bytes_received],
      ["udp", "live", "app", `127.0.0.1:${upstream.port}`, 1, 5],
    );
    assert.equal(row!.local, `127.0.0.1:${proxy.port("udp")}`);
    assert.ok(Number(row!.age_ms) >= Number(row!.idle_ms) && Number(row!.idle_ms) >= 0);
    assert.match(String(row!.peer), /^127\.0\.0\.1:\d+$/);
  });

  it("explains where datagrams go, in force and as proposed", async () => {
    const explain = async (question: object) =>
      JSON.parse((await proxy.post("/explain?format=json", JSON.stringify(question))).body);
    const now = await explain({ listener: "udp" });
    assert.equal(now.verdict, "the datagrams go to cluster app: 1 of 1 hosts are healthy");
    assert.deepEqual(now.filter_chain.network_filters, ["envoy.filters.udp_listener.udp_proxy"]);
    assert.equal(now.outcome.cluster.hosts[0].address, `127.0.0.1:${upstream.port}`);
    const then = await explain({
      listener: "udp",
      config: JSON.stringify(config(upstream.port, { cluster: "empty" })),
    });
    assert.equal(then.verdict, "the datagrams are dropped: cluster empty has no hosts");
    // A request without the name of a listener is for the only one of TCP.
    assert.equal((await explain({ url: "http://any/" })).listener.name, "ingress");
  });

  it("tells in a dry run which sessions a change would end", async () => {
    const drains = async (proposed: object): Promise<number[]> => {
      const { body } = await proxy.post("/config/dry_run?format=json", JSON.stringify(proposed));
      return (JSON.parse(body).drains as { connections: number }[]).map(({ connections }) => connections);
    };
    assert.deepEqual(await drains(config(upstream.port)), []);
    assert.deepEqual(await drains(config(upstream.port, { statPrefix: "other" })), [1], "its filter changes");
    assert.deepEqual(await drains(config(upstream.port, { udp: false })), [1], "its listener goes");
  });

  it("ends a session like a connection", async () => {
    const [{ id }] = (await sessions()) as [Row];
    assert.equal((await proxy.post(`/connections/${id}/close`, "")).status, 200);
    assert.deepEqual(await sessions(), []);
    const first = await client.ask("again");
    assert.match(first, /again$/);
    const [row] = await sessions();
    assert.notEqual(row!.id, id);
  });
});
