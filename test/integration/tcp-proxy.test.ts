import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { loopback, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { TcpPeer, TcpUpstream } from "../harness/tcp-peer.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
const MEBI = 1024 * 1024;

/** A TCP proxy to the cluster `cluster`; the clusters `a` and `b` are these ports. */
function config(cluster: string, ports: { readonly a: number; readonly b: number }, proxy: object = {}): object {
  const filter = {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: { "@type": TYPE, stat_prefix: "in", cluster, ...proxy },
  };
  return {
    static_resources: {
      listeners: [{ name: "tcp", address: loopback(0), filter_chains: [{ filters: [filter] }] }],
      clusters: [sampleCluster("a", [loopback(ports.a)]), sampleCluster("b", [loopback(ports.b)])],
    },
  };
}

/** Two servers that greet with their name and echo, and a proxy of two workers to the first one. */
async function start(test: TestContext, args: readonly string[] = []) {
  const [a, b] = await Promise.all([TcpUpstream.start(), TcpUpstream.start()]);
  for (const [name, server] of [
    ["a", a],
    ["b", b],
  ] as const) {
    server.onConnection((peer) => {
      peer.write(name);
      peer.socket.pipe(peer.socket);
    });
  }
  const ports = { a: a.port, b: b.port };
  const proxy = await startProxy({ config: config("a", ports), concurrency: 2, args });
  test.after(async () => {
    await proxy.kill();
    await Promise.all([a.close(), b.close()]);
  });
  return { proxy, ports };
}

async function connect(test: TestContext, proxy: RunningProxy, keep = true): Promise<TcpPeer> {
  const client = await TcpPeer.connect(proxy.port(), keep);
  test.after(() => client.destroy());
  return client;
}

describe("A TCP proxy", () => {
  it("carries large transfers both ways at once over all its workers", async (t) => {
    const { proxy } = await start(t);
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(t, proxy)));
    const block = Buffer.alloc(4 * MEBI);
    for (let i = 0; i < block.length; i += 4) block.writeUInt32LE(i, i);
    for (const client of clients) {
      client.write(block);
      client.end();
    }
    await Promise.all(clients.map((client) => client.untilEnded()));
    for (const { bytes } of clients) assert.ok(bytes.equals(Buffer.concat([Buffer.from("a"), block])));
    await proxy.until("the stats", async () => {
      const stats = await proxy.stats("^(tcp|cluster)\\.");
      return (
        stats.get("tcp.in.downstream_cx_rx_bytes_total") === 8 * block.length &&
        stats.get("cluster.a.upstream_cx_active") === 0 &&
        stats.get("cluster.a.upstream_cx_total") === 8
      );
    });
  });

  it("sends new connections to another cluster after a reload, and leaves the old ones where they are", async (t) => {
    const { proxy, ports } = await start(t);
    const before = await connect(t, proxy);
    await before.untilText("a");
    assert.equal((await proxy.reload(config("b", ports))).status, 200);
    const after = await connect(t, proxy);
    await after.untilText("b");
    before.write("!");
    await before.untilText("a!");
  });

  it("cuts what the reload left when the drain time is over", async (t) => {
    const { proxy, ports } = await start(t, ["--drain-time-s", "1"]);
    const before = await connect(t, proxy);
    await before.untilText("a");
    await proxy.reload(config("b", ports));
    await before.untilGone();
    await proxy.until("its count", async () => {
      const stats = await proxy.stats("downstream_cx_(drain_timeout|active)");
      return [...stats].some(([name, value]) => name.endsWith("downstream_cx_drain_timeout") && value === 1);
    });
  });

  it("tells in its access log what happened", async (t) => {
    const { proxy, ports } = await start(t);
    const text_format_source = { inline_string: "%ACCESS_LOG_TYPE% %PROTOCOL% %UPSTREAM_CLUSTER% %RESPONSE_FLAGS%\n" };
    const typed_config = {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path: "/dev/stdout",
      log_format: { text_format_source },
    };
    const access_log = [{ name: "envoy.access_loggers.file", typed_config }];
    await proxy.reload(config("a", ports, { access_log }));
    const client = await connect(t, proxy);
    await client.untilText("a");
    client.end();
    await client.untilEnded();
    await proxy.waitForLog(/^TcpConnectionEnd - a -$/m);
  });

  it("runs as docs/examples/tcp-proxy.yaml has it", async (t) => {
    const { ports } = await start(t);
    const file = path.join(import.meta.dirname, "../../docs/examples/tcp-proxy.yaml");
    const text = readFileSync(file, "utf8")
      .replace("port_value: 9901", "port_value: 0")
      .replace("port_value: 15432", "port_value: 0")
      .replace("port_value: 5432", `port_value: ${ports.a}`);
    const proxy = await startTestProxy(t, { config: text });
    const client = await connect(t, proxy);
    client.write("query");
    await client.untilText("aquery");
    client.end();
    await client.untilEnded();
    await proxy.waitForLog(/^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+ in 5 out 6 \d+ms -$/m);
  });

  it("ends with its last connection on SIGTERM, and takes no new ones meanwhile", async (t) => {
    const { proxy } = await start(t);
    const client = await connect(t, proxy);
    await client.untilText("a");
    proxy.child.kill("SIGTERM");
    await proxy.waitForLog(/drain/i);
    client.write("still served");
    await client.untilText("astill served");
    assert.equal(proxy.exited, false);
    client.end();
    await client.untilEnded();
    assert.equal(await proxy.ended(), 0);
  });
});
