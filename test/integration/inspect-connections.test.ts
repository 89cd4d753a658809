import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { TcpPeer } from "../harness/tcp-peer.ts";
import type { UpstreamExchange } from "../harness/upstream-exchange.ts";

type Row = Readonly<Record<string, unknown>>;
interface Page {
  readonly connections: readonly Row[];
  readonly streams: readonly Row[];
  readonly pools: readonly Row[];
  readonly matched: number;
  readonly partial: boolean;
  readonly not_answering: readonly Row[];
}

const TCP = {
  name: "tcp",
  address: loopback(0),
  filter_chains: [
    {
      name: "raw",
      filters: [
        {
          name: "envoy.filters.network.tcp_proxy",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            stat_prefix: "tcp",
            cluster: "app",
          },
        },
      ],
    },
  ],
};

describe("Looking at connections, streams and pools", () => {
  let upstream: FakeUpstream;
  let proxy: RunningProxy;
  /** Requests that the upstream has not answered yet. */
  const held: UpstreamExchange[] = [];
  before(async () => {
    upstream = await FakeUpstream.start(async (exchange) => {
      await exchange.request();
      if (exchange.target.startsWith("/slow")) held.push(exchange);
      else exchange.respond({ body: "ok" });
    });
    const config = sampleBootstrap({
      listeners: [{ routes: [{ ...clusterRoute("app"), name: "to-app" }] }],
      clusters: [sampleCluster("app", [loopback(upstream.port)])],
    }) as { static_resources: { listeners: object[] } };
    config.static_resources.listeners.push(TCP);
    proxy = await startProxy({ config, concurrency: 2 });
  });
  after(async () => {
    await proxy?.kill();
    await upstream?.close();
  });

  const list = async (target: string): Promise<Page> => JSON.parse((await proxy.admin(target)).body) as Page;

  it("shows what each connection is and does", async () => {
    const client = await Http1Client.connect(proxy.port("ingress"));
    await client.request();
    await client.request();
    const peer = `127.0.0.1:${client.socket.localPort}`;
    const { connections, matched } = await list(`/connections?format=json&peer=${peer}`);
    assert.equal(matched, 1);
    const row = connections[0]!;
    assert.equal(row.local, `127.0.0.1:${proxy.port("ingress")}`);
    assert.deepEqual(
      [row.listener, row.state, row.protocol, row.requests, row.active_streams, row.snapshot_version],
      ["ingress", "live", "HTTP/1.1", 2, 0, 1],
    );
    assert.equal(row.bytes_received, client.socket.bytesWritten);
    assert.equal(row.bytes_sent, client.socket.bytesRead);
    assert.ok(Number(row.age_ms) >= Number(row.idle_ms) && Number(row.idle_ms) >= 0);
    assert.match(String(row.worker), /^worker-[12]$/);
    const table = (await proxy.admin(`/connections?peer=${peer}`)).body.split("\n");
    assert.match(table[0]!, /^ID +WORKER +STATE +PEER /);
    assert.match(table[1]!, new RegExp(`^${row.id} +worker-[12] +live +${peer} +ingress `));
    client.close();
  });

  it("says so of a worker that does not exist", async () => {
    const text = (await proxy.admin("/connections?worker=worker-9")).body;
    assert.match(text, /\npartial: worker-9 does not answer \(there is no such worker\); its connections are missing/);
  });

  it("shows the requests in hand with their route, host and attempt, and no query", async () => {
    const client = await Http1Client.connect(proxy.port("ingress"));
    const answer = client.request({ target: "/slow?token=secret", headers: { host: "app.example" } });
    await proxy.until("a stream", async () => (await list("/streams?format=json")).matched === 1);
    await proxy.until("a request at the upstream", async () => held.length === 1);
    const page = await proxy.admin("/streams?format=json");
    assert.doesNotMatch(page.body, /secret/);
    const [stream] = (JSON.parse(page.body) as Page).streams;
    assert.deepEqual(
      ["method", "authority", "path", "route", "virtual_host", "cluster", "host", "attempt", "request_complete"].map(
        (field) => stream![field],
      ),
      ["GET", "app.example", "/slow?…", "to-app", "all", "app", `127.0.0.1:${upstream.port}`, 1, true],
    );
    const { pools } = await list("/pools?format=json&sort=active&cluster=app");
    assert.deepEqual(
      [pools[0]!.host, pools[0]!.protocol, pools[0]!.active, pools[0]!.pending, pools[0]!.worker],
      [`127.0.0.1:${upstream.port}`, "HTTP/1", 1, 0, stream!.worker],
    );
    held.shift()!.respond({ body: "late" });
    assert.equal((await answer).body, "late");
    assert.equal((await list("/streams?format=json")).matched, 0);
    client.close();
  });

  it("shows the upstream half of a TCP connection", async () => {
    const peer = await TcpPeer.connect(proxy.port("tcp"));
    peer.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await proxy.until("an answer", async () => peer.bytesReceived > 0);
    const [row] = (await list("/connections?format=json&listener=tcp")).connections;
    assert.deepEqual(
      [row!.filter_chain, row!.protocol, row!.cluster, row!.host],
      ["raw", "TCP", "app", `127.0.0.1:${upstream.port}`],
    );
    peer.destroy();
    await proxy.until("its end", async () => (await list("/connections?format=json&listener=tcp")).matched === 0);
  });

  it("closes a connection on demand, and only by POST", async () => {
    const client = await Http1Client.connect(proxy.port("ingress"));
    await client.request();
    const peer = `127.0.0.1:${client.socket.localPort}`;
    const [row] = (await list(`/connections?format=json&peer=${peer}`)).connections;
    assert.equal((await proxy.admin(`/connections/${row!.id}/close`)).status, 405);
    assert.equal((await proxy.post(`/connections/${row!.id}/close`)).body, "OK\n");
    await proxy.until("the end of the connection", async () => client.closed);
    assert.equal((await proxy.post(`/connections/${row!.id}/close`)).status, 404);
  });

  it("shows connections that drain, with the version they still run on", async () => {
    const client = await Http1Client.connect(proxy.port("ingress"));
    const answer = client.request({ target: "/slow" });
    await proxy.until("a request at the upstream", async () => held.length === 1);
    const config = sampleBootstrap({ clusters: [sampleCluster("app", [loopback(upstream.port)])] }) as {
      static_resources: { listeners: { filter_chains: { filters: { typed_config: Record<string, unknown> }[] }[] }[] };
    };
    config.static_resources.listeners[0]!.filter_chains[0]!.filters[0]!.typed_config.server_name = "other";
    proxy.writeConfig(config);
    await proxy.post("/config/reload");
    const peer = `127.0.0.1:${client.socket.localPort}`;
    let draining: readonly Row[] = [];
    // Those that clients of other tests have just closed may be there for a moment.
    await proxy.until("one connection that drains", async () => {
      ({ connections: draining } = await list("/connections?format=json&state=draining"));
      return draining.length === 1;
    });
    assert.deepEqual(
      draining.map((row) => [row.peer, row.snapshot_version]),
      [[peer, 1]],
    );
    held.shift()!.respond({ body: "late" });
    await answer;
    client.close();
  });

  it("shows what the others have while a worker is blocked, and says who is missing", async () => {
    const clients = await Promise.all(Array.from({ length: 32 }, () => Http1Client.connect(proxy.port("ingress"))));
    await Promise.all(clients.map((client) => client.request()));
    await proxy.post("/actors/worker-1/block?ms=60000");
    for (const page of ["connections", "streams", "pools"]) {
      let tookMs = 0;
      // A machine that is held up is given another try; what waits for the worker would never be fast.
      await proxy.until(`${page} within 2 s`, async () => {
        const startMs = performance.now();
        const answer = await list(`/${page}?format=json`);
        tookMs = performance.now() - startMs;
        assert.equal(answer.partial, true);
        assert.equal(answer.not_answering[0]!.worker, "worker-1");
        return tookMs < 2000;
      });
    }
    await proxy.until("the connections of the other worker", async () => {
      const { connections } = await list("/connections?format=json&sort=age_ms");
      assert.ok(connections.every(({ worker }) => worker === "worker-2"));
      return connections.length > 0;
    });
    assert.match(
      (await proxy.admin("/connections")).body,
      /\npartial: worker-1 does not answer \(.*\); its connections /,
    );
    for (const client of clients) client.close();
  });
});
