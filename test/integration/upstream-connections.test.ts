import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { TestCa } from "../harness/certificates.ts";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client, requestOnce } from "../harness/http1-client.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, type StartProxyOptions, startProxy } from "../harness/start-proxy.ts";
import { upstreamTls } from "../harness/tls-listener.ts";

const TYPE = "type.googleapis.com/envoy.extensions";
const ca = new TestCa("Test CA");
const TRUST = { validation_context: { trusted_ca: { inline_string: ca.certPem } } };

async function start(t: TestContext, cluster: object, more: Partial<StartProxyOptions> = {}): Promise<RunningProxy> {
  const proxy = await startProxy({ config: sampleBootstrap({ clusters: [cluster] }), ...more });
  t.after(() => proxy.kill());
  return proxy;
}

async function connectTo(t: TestContext, proxy: RunningProxy): Promise<Http1Client> {
  const client = await Http1Client.connect(proxy.port());
  t.after(() => client.close());
  return client;
}

/** A TLS server of several names that notes which one each connection asked for, and answers with the bytes it got. */
async function namedHosts(t: TestContext, names: readonly string[]) {
  const contexts = new Map(
    names.map((name) => {
      const { certPem: cert, keyPem: key } = ca.issue({ commonName: name, dns: [name] });
      return [name, tls.createSecureContext({ cert, key })];
    }),
  );
  const { certPem: cert, keyPem: key } = ca.issue({ commonName: "default", dns: ["default.test"] });
  const asked: (string | false)[] = [];
  const server = tls.createServer(
    { cert, key, SNICallback: (name, done) => done(null, contexts.get(name) ?? (null as never)) },
    (socket) => {
      asked.push((socket as unknown as { servername: string | false }).servername);
      socket.on("error", () => {});
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
    },
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, asked };
}

function options(upstream: object): object {
  return {
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http_protocol_options: {} },
        upstream_http_protocol_options: upstream,
      },
    },
  };
}

describe("The server name of upstream connections", () => {
  it("follows the request with auto_sni, on a connection of its own for each name", async (t) => {
    const host = await namedHosts(t, ["a.test", "b.test"]);
    const transport_socket = upstreamTls({ common_tls_context: TRUST });
    const more = { transport_socket, ...options({ auto_sni: true, auto_san_validation: true }) };
    const proxy = await start(t, sampleCluster("app", [loopback(host.port)], more));
    const client = await connectTo(t, proxy);
    const ask = async (name: string): Promise<number> => (await client.request({ headers: { host: name } })).status;
    for (const name of ["a.test", "b.test:80", "a.test", "b.test"]) assert.equal(await ask(name), 200);
    assert.deepEqual(host.asked, ["a.test", "b.test"]);
    assert.equal(await ask("c.test"), 503, "its certificate is for another name");
    const stats = await proxy.stats("cluster.app.");
    assert.equal(stats.get("cluster.app.ssl.fail_verify_san"), 1);
    assert.equal(stats.get("cluster.app.upstream_cx_active"), 2);
  });

  it("follows another header, and the older field of the cluster says the same", async (t) => {
    const host = await namedHosts(t, ["a.test", "b.test"]);
    const more = {
      transport_socket: upstreamTls({ common_tls_context: TRUST }),
      upstream_http_protocol_options: { auto_sni: true, override_auto_sni_header: "X-Sni" },
    };
    const proxy = await start(t, sampleCluster("app", [loopback(host.port)], more));
    const client = await connectTo(t, proxy);
    await client.request({ headers: { host: "a.test", "x-sni": "b.test" } });
    await client.request({ headers: { host: "a.test" } });
    assert.deepEqual(host.asked, ["b.test", "a.test"]);
  });
});

describe("A cluster with a pool per downstream connection", () => {
  it("does not share upstream connections between clients", async (t) => {
    const upstream = await FakeUpstream.start(answering());
    t.after(() => upstream.close());
    const more = { connection_pool_per_downstream_connection: true };
    const proxy = await start(t, sampleCluster("app", [loopback(upstream.port)], more));
    const [one, two] = [await connectTo(t, proxy), await connectTo(t, proxy)];
    for (const client of [one, two, one, two]) assert.equal((await client.request()).status, 200);
    assert.equal(upstream.connections.length, 2);
    assert.deepEqual(
      upstream.connections.map(({ received }) => received.toString().match(/GET/g)?.length),
      [2, 2],
    );
  });

  it("has no pools left when its connections are gone", async (t) => {
    const upstream = await FakeUpstream.start((exchange) => exchange.respond({ headers: { connection: "close" } }));
    t.after(() => upstream.close());
    const more = { connection_pool_per_downstream_connection: true };
    const proxy = await start(t, sampleCluster("app", [loopback(upstream.port)], more));
    for (let at = 0; at < 5; at++) assert.equal((await requestOnce(proxy.port())).status, 200);
    await proxy.until("no pools", async () => {
      const { body } = await proxy.admin("/pools?format=json");
      return (JSON.parse(body) as { pools?: unknown[] }).pools?.length === 0;
    });
  });
});

function proxyProtocol(version: "V1" | "V2", inner: object): object {
  return {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    typed_config: {
      "@type": `${TYPE}.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport`,
      config: { version },
      transport_socket: inner,
    },
  };
}

const RAW = {
  name: "envoy.transport_sockets.raw_buffer",
  typed_config: { "@type": `${TYPE}.transport_sockets.raw_buffer.v3.RawBuffer` },
};

/** A server that keeps the first line of each connection, and answers requests behind it. */
async function lineServer(t: TestContext, onRest: (socket: net.Socket) => void = answerRequests) {
  const lines: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("readable", () => {
      let line = "";
      for (let byte: Buffer | null = socket.read(1); byte !== null; byte = socket.read(1)) {
        line += byte.toString("latin1");
        if (line.endsWith("\r\n")) break;
      }
      lines.push(line);
      onRest(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, lines };
}

function answerRequests(socket: net.Socket): void {
  socket.on("data", (data: Buffer) => {
    for (let at = data.toString().match(/\r\n\r\n/g)?.length ?? 0; at > 0; at--) {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    }
  });
}

describe("The PROXY protocol to upstreams", () => {
  it("tells of each client on connections of its own", async (t) => {
    const upstream = await lineServer(t);
    const transport_socket = proxyProtocol("V1", RAW);
    const proxy = await start(t, sampleCluster("app", [loopback(upstream.port)], { transport_socket }));
    const [one, two] = [await connectTo(t, proxy), await connectTo(t, proxy)];
    for (const client of [one, two, one, two]) assert.equal((await client.request()).status, 200);
    const expected = [one, two].map(
      ({ socket }) => `PROXY TCP4 127.0.0.1 127.0.0.1 ${socket.localPort} ${proxy.port()}\r\n`,
    );
    assert.deepEqual(upstream.lines, expected);
  });

  it("is binary in version 2", async (t) => {
    const upstream = await FakeUpstream.start();
    t.after(() => upstream.close());
    const transport_socket = proxyProtocol("V2", RAW);
    const proxy = await start(t, sampleCluster("app", [loopback(upstream.port)], { transport_socket }));
    const client = await connectTo(t, proxy);
    void client.request().catch(() => {});
    await upstream.connected();
    const [connection] = upstream.connections;
    await proxy.until("the header", async () => connection!.received.length >= 28);
    const ports = Buffer.alloc(4);
    ports.writeUInt16BE(client.socket.localPort!, 0);
    ports.writeUInt16BE(proxy.port(), 2);
    const header = `0d0a0d0a000d0a515549540a2111000c7f0000017f000001${ports.toString("hex")}`;
    assert.equal(connection!.received.subarray(0, 28).toString("hex"), header);
  });

  it("tells of no client's own address where the connection manager does not want it", async (t) => {
    const upstream = await FakeUpstream.start();
    t.after(() => upstream.close());
    const transport_socket = proxyProtocol("V2", RAW);
    const config = sampleBootstrap({
      listeners: [{ manager: { add_proxy_protocol_connection_state: false } }],
      clusters: [sampleCluster("app", [loopback(upstream.port)], { transport_socket })],
    });
    const proxy = await startProxy({ config });
    t.after(() => proxy.kill());
    const client = await connectTo(t, proxy);
    void client.request().catch(() => {});
    await upstream.connected();
    const [connection] = upstream.connections;
    await proxy.until("the header", async () => connection!.received.length > 16);
    assert.equal(connection!.received.subarray(0, 17).toString("latin1"), "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0G");
  });

  it("stands before the TLS handshake", async (t) => {
    const { certPem: cert, keyPem: key } = ca.issue({ commonName: "app", dns: ["app.test"] });
    const secureContext = tls.createSecureContext({ cert, key });
    const upstream = await lineServer(t, (socket) => {
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
      secure.on("error", () => {});
      secure.on("data", () => secure.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
    });
    const transport_socket = proxyProtocol("V1", upstreamTls({ common_tls_context: TRUST, sni: "app.test" }));
    const proxy = await start(t, sampleCluster("app", [loopback(upstream.port)], { transport_socket }));
    const client = await connectTo(t, proxy);
    assert.equal((await client.request()).body, "ok");
    assert.equal((await client.request()).body, "ok");
    const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${proxy.port()}\r\n`;
    assert.deepEqual(upstream.lines, [line]);
  });

  it("goes before the bytes of a TCP proxy", async (t) => {
    const upstream = await lineServer(t, (socket) => socket.pipe(socket));
    const filter = {
      name: "envoy.filters.network.tcp_proxy",
      typed_config: { "@type": `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: "tcp", cluster: "app" },
    };
    const listener = { name: "tcp", address: loopback(0), filter_chains: [{ filters: [filter] }] };
    const transport_socket = proxyProtocol("V1", RAW);
    const clusters = [sampleCluster("app", [loopback(upstream.port)], { transport_socket })];
    const proxy = await startProxy({ config: { static_resources: { listeners: [listener], clusters } } });
    t.after(() => proxy.kill());
    const socket = net.connect(proxy.port("tcp"), "127.0.0.1");
    t.after(() => socket.destroy());
    await once(socket, "connect");
    socket.write("hello");
    const [echo] = (await once(socket, "data")) as [Buffer];
    assert.equal(echo.toString(), "hello");
    assert.deepEqual(upstream.lines, [`PROXY TCP4 127.0.0.1 127.0.0.1 ${socket.localPort} ${proxy.port("tcp")}\r\n`]);
  });

  it("tells of the proxy itself in health checks", async (t) => {
    const upstream = await lineServer(t);
    const transport_socket = proxyProtocol("V1", RAW);
    const health_checks = [
      {
        timeout: "30s",
        interval: "60s",
        unhealthy_threshold: 1,
        healthy_threshold: 1,
        http_health_check: { path: "/" },
      },
    ];
    await start(t, sampleCluster("app", [loopback(upstream.port)], { transport_socket, health_checks }));
    assert.match(
      upstream.lines[0] ?? "",
      new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${upstream.port}\r\n$`),
    );
  });
});

describe("The source of upstream connections", () => {
  /** A server that answers with the address its client comes from. */
  async function mirror(t: TestContext, host = "127.0.0.1"): Promise<{ port: number; seen: string[] }> {
    const seen: string[] = [];
    const server = net.createServer((socket) => {
      seen.push(socket.remoteAddress ?? "");
      socket.on("error", () => {});
      answerRequests(socket);
    });
    server.listen(0, host);
    await once(server, "listening");
    t.after(() => server.close());
    return { port: (server.address() as AddressInfo).port, seen };
  }
  const address = (ip: string): object => ({ address: ip, port_value: 0 });

  it("is that of the cluster, for requests and health checks", async (t) => {
    const host = await mirror(t);
    const health_checks = [
      { timeout: "30s", interval: "60s", unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} },
    ];
    const more = { health_checks, upstream_bind_config: { source_address: address("127.0.0.7") } };
    const proxy = await start(t, sampleCluster("app", [loopback(host.port)], more));
    assert.equal((await requestOnce(proxy.port())).status, 200);
    assert.deepEqual(host.seen, ["127.0.0.7", "127.0.0.7"]);
  });

  it("is that of all clusters where a cluster has none, by the kind of the host's address", async (t) => {
    const [v4, v6] = [await mirror(t), await mirror(t, "::1")];
    const bind = {
      source_address: address("::1"),
      extra_source_addresses: [{ address: address("127.0.0.8") }],
    };
    const own = { upstream_bind_config: { source_address: address("127.0.0.9") } };
    const v6Address = { socket_address: { address: "::1", port_value: v6.port } };
    const clusters = [
      sampleCluster("four", [loopback(v4.port)]),
      sampleCluster("six", [v6Address]),
      sampleCluster("own", [loopback(v4.port)], own),
    ];
    const routes = ["four", "six", "own"].map((name) => clusterRoute(name, `/${name}`));
    const more = { cluster_manager: { upstream_bind_config: bind } };
    const proxy = await startProxy({ config: sampleBootstrap({ listeners: [{ routes }], clusters, more }) });
    t.after(() => proxy.kill());
    for (const target of ["/four", "/six", "/own"])
      assert.equal((await requestOnce(proxy.port(), { target })).status, 200);
    assert.deepEqual([v4.seen, v6.seen], [["127.0.0.8", "127.0.0.9"], ["::1"]]);
  });

  it("fails a connection that can't have it on our side", async (t) => {
    const host = await mirror(t);
    const more = { upstream_bind_config: { source_address: address("192.0.2.1") } };
    const proxy = await start(t, sampleCluster("app", [loopback(host.port)], more));
    const response = await requestOnce(proxy.port());
    assert.equal(response.status, 503);
    assert.match(response.body, /local connection failure|Cannot assign requested address/);
    assert.equal((await proxy.stats("bind_errors")).get("cluster.app.bind_errors"), 1);
  });
});

describe("A host of several addresses", () => {
  const HEALTH_CHECK = { timeout: "30s", interval: "60s", unhealthy_threshold: 1, healthy_threshold: 1 };

  /** A cluster whose host has an address where nobody listens, and then 127.0.0.1. */
  function cluster(port: number, more: object = {}): object {
    const [deaf, heard] = ["::1", "127.0.0.1"].map((address) => ({ socket_address: { address, port_value: port } }));
    const endpoint = { address: deaf, additional_addresses: [{ address: heard }] };
    const load_assignment = { cluster_name: "app", endpoints: [{ lb_endpoints: [{ endpoint }] }] };
    return { name: "app", type: "STATIC", load_assignment, ...more };
  }

  it("answers at the next one if one refuses: requests, and its health checks", async (t) => {
    const upstream = await FakeUpstream.start(answering("next"));
    t.after(() => upstream.close());
    const health_checks = [{ ...HEALTH_CHECK, http_health_check: { path: "/health" } }];
    const proxy = await start(t, cluster(upstream.port, { health_checks }));
    assert.equal((await requestOnce(proxy.port())).body, "next");
    const stats = await proxy.stats("^cluster.app");
    assert.equal(stats.get("cluster.app.health_check.success"), 1);
    assert.equal(stats.get("cluster.app.upstream_cx_total"), 1);
    assert.equal(stats.get("cluster.app.upstream_cx_connect_fail"), 0);
  });

  it("has TLS at the next one, with the name and the names that are configured", async (t) => {
    const host = await namedHosts(t, ["a.test"]);
    const names = [{ san_type: "DNS", matcher: { exact: "a.test" } }];
    const validation_context = { ...TRUST.validation_context, match_typed_subject_alt_names: names };
    const named = upstreamTls({ sni: "a.test", common_tls_context: { validation_context } });
    const proxy = await start(t, cluster(host.port, { transport_socket: named }));
    assert.equal((await requestOnce(proxy.port())).status, 200);
    assert.deepEqual(host.asked, ["a.test"]);
  });

  it("is asked for no name by TLS if none is configured", async (t) => {
    const host = await namedHosts(t, ["a.test"]);
    const proxy = await start(t, cluster(host.port, { transport_socket: upstreamTls({ common_tls_context: TRUST }) }));
    assert.equal((await requestOnce(proxy.port())).status, 200);
    assert.deepEqual(host.asked, [false]);
  });

  it("fails as any other if none answers", async (t) => {
    const upstream = await FakeUpstream.start();
    await upstream.close();
    const proxy = await start(t, cluster(upstream.port));
    const response = await requestOnce(proxy.port());
    assert.equal(response.status, 503);
    assert.match(response.body, /remote connection failure/);
    assert.equal((await proxy.stats("connect_fail")).get("cluster.app.upstream_cx_connect_fail"), 1);
  });
});
