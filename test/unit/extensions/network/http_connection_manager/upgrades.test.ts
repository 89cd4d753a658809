import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { DataPath, RECORDED_ACCESS_LOG } from "../../../../harness/data-path.ts";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { TcpPeer, TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";

const H = "http.ingress.";
const WEBSOCKET = { upgrade_type: "websocket" };
const ASK = "GET /chat HTTP/1.1\r\nhost: t\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n\r\n";
const ACCEPT = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
const CONNECT = "CONNECT far:443 HTTP/1.1\r\nhost: far:443\r\n\r\n";

interface Scene {
  readonly path: DataPath;
  readonly upstream: TcpUpstream;
  readonly client: TcpPeer;
  readonly clock: FakeClock;
}

async function scene(
  t: TestContext,
  manager: object = { upgrade_configs: [WEBSOCKET, { upgrade_type: "CONNECT" }] },
  action: object = {},
): Promise<Scene> {
  const clock = new FakeClock();
  const upstream = await TcpUpstream.start();
  const route = { cluster: "app", ...action };
  const routes = [
    { match: { connect_matcher: {} }, route },
    { match: { prefix: "/" }, route },
  ];
  const config = sampleBootstrap({
    listeners: [{ routes, manager: { access_log: RECORDED_ACCESS_LOG, ...manager } }],
    clusters: [sampleCluster("app", [loopback(upstream.port)])],
  });
  const path = await DataPath.start(config, { clock });
  t.after(async () => {
    path.stop();
    await upstream.close();
  });
  const client = await TcpPeer.connect(path.port);
  t.after(() => client.destroy());
  return { path, upstream, client, clock };
}

/** A tunnel with both ends, after the heads. */
async function tunnel(t: TestContext, manager?: object): Promise<Scene & { readonly server: TcpPeer }> {
  const all = await scene(t, manager);
  all.client.write(ASK);
  const server = await all.upstream.connection();
  await until("the request", () => server.text.endsWith("\r\n\r\n"));
  server.write(ACCEPT);
  await until("the answer", () => all.client.text.endsWith("\r\n\r\n"));
  return { ...all, server };
}

/** What came behind the head. */
const behindHead = (peer: TcpPeer) => peer.text.slice(peer.text.indexOf("\r\n\r\n") + 4);

describe("An upgrade", () => {
  it("is asked of the upstream and accepted with its words, then bytes pass both ways as they are", async (t) => {
    const { path, client, server } = await tunnel(t);
    assert.match(server.text, /^GET \/chat HTTP\/1\.1\r\n/);
    assert.match(server.text, /\r\nupgrade: websocket\r\n/);
    assert.match(server.text, /\r\nconnection: upgrade\r\n/);
    assert.match(client.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(client.text, /\r\nupgrade: websocket\r\n/);
    assert.match(client.text, /\r\nconnection: upgrade\r\n/);
    client.write(Buffer.from("\x81\x05hello", "latin1"));
    await until("the bytes", () => behindHead(server) === "\x81\x05hello");
    server.write("GET / HTTP/1.1\r\n\r\n");
    await until("the bytes", () => behindHead(client) === "GET / HTTP/1.1\r\n\r\n");
    assert.equal(path.stats.value(`${H}downstream_cx_upgrades_total`), 1);
    assert.equal(path.stats.value(`${H}downstream_cx_upgrades_active`), 1);
    assert.equal(path.stats.value("cluster.app.upstream_rq_101"), 1);
  });

  it("holds bytes that come early until the upstream has accepted", async (t) => {
    const { upstream, client } = await scene(t);
    client.write(`${ASK}early`);
    const server = await upstream.connection();
    await until("the request", () => server.text.endsWith("\r\n\r\n"));
    server.write(`${ACCEPT}at once`);
    await until("both", () => behindHead(server) === "early" && behindHead(client) === "at once");
  });

  it("has its own body sent on at once, and only what is behind that held", async (t) => {
    const { upstream, client } = await scene(t);
    client.write(`${ASK.replace("GET", "POST").trimEnd()}\r\ncontent-length: 6\r\n\r\n{"a":`);
    const server = await upstream.connection();
    await until("the first piece", () => behindHead(server) === '{"a":');
    client.write("}early");
    await until("the body", () => behindHead(server) === '{"a":}');
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(behindHead(server), '{"a":}');
    server.write(ACCEPT);
    await until("the rest", () => behindHead(server) === '{"a":}early');
    client.write("later");
    await until("the tunnel", () => behindHead(server) === '{"a":}earlylater');
  });

  it("drops bytes that came early when the upstream refuses, with both connections", async (t) => {
    const { path, upstream, client } = await scene(t);
    client.write(`${ASK}GET /smuggled HTTP/1.1\r\nhost: t\r\n\r\n`);
    const server = await upstream.connection();
    await until("the request", () => server.text.endsWith("\r\n\r\n"));
    server.write("HTTP/1.1 426 Upgrade Required\r\nupgrade: other\r\ncontent-length: 2\r\n\r\nno");
    await client.untilEnded();
    assert.match(client.text, /^HTTP\/1\.1 426 Upgrade Required\r\n/);
    assert.match(client.text, /\r\nconnection: close\r\n/);
    assert.equal(behindHead(client), "no");
    await server.untilEnded();
    assert.equal(server.text.includes("smuggled"), false);
    assert.equal(upstream.connections.length, 1);
    assert.equal(path.stats.value(`${H}downstream_cx_upgrades_active`), 0);
  });

  it("ends for the client when the upstream ends it, with all that came before", async (t) => {
    const { path, client, server } = await tunnel(t);
    server.write("last words");
    server.end();
    await client.untilEnded();
    assert.equal(behindHead(client), "last words");
    assert.deepEqual(
      path.logged.map(({ status, flags, details }) => [status, flags, details]),
      [[101, "", "via_upstream"]],
    );
    assert.equal(path.stats.value(`${H}downstream_cx_upgrades_active`), 0);
    assert.equal(path.stats.value("cluster.app.upstream_cx_active"), 0);
  });

  it("ends for the upstream when the client ends it, with all that came before", async (t) => {
    const { path, client, server } = await tunnel(t);
    client.write("bye");
    client.end();
    await server.untilEnded();
    assert.equal(behindHead(server), "bye");
    await client.untilEnded();
    assert.equal(path.logged[0]?.flags, "DC");
    assert.equal(path.stats.value(`${H}downstream_cx_upgrades_active`), 0);
    assert.equal(path.stats.value("cluster.app.upstream_cx_active"), 0);
  });

  it("ends for one when the other is reset", async (t) => {
    const first = await tunnel(t);
    first.client.reset();
    await until("the upstream's end", () => first.server.ended || first.server.closed);
    const second = await tunnel(t);
    second.server.reset();
    await until("the client's end", () => second.client.ended || second.client.closed);
    for (const { path } of [first, second]) {
      await until("no stream", () => path.stats.value(`${H}downstream_rq_active`) === 0);
      assert.equal(path.stats.value("cluster.app.upstream_cx_active"), 0);
    }
  });

  it("outlives the request timeouts, and is cut when it is idle for the stream's idle timeout", async (t) => {
    const timeouts = { request_timeout: "2s", stream_idle_timeout: "60s" };
    const { path, client, server, clock } = await tunnel(t, { upgrade_configs: [WEBSOCKET], ...timeouts });
    clock.advance(50_000);
    server.write("x");
    await until("the byte", () => behindHead(client) === "x");
    clock.advance(59_000);
    assert.equal(client.ended, false);
    clock.advance(2000);
    await client.untilEnded();
    await until("the upstream's end", () => server.ended || server.closed);
    assert.equal(path.stats.value(`${H}downstream_rq_idle_timeout`), 1);
    assert.equal(path.stats.value("cluster.app.upstream_rq_timeout"), 0);
    assert.equal(path.logged[0]?.flags, "SI");
  });
});

describe("Whether an upgrade is allowed", () => {
  const rows = [
    { name: "not without upgrade_configs", manager: {}, action: {}, allowed: false },
    { name: "as the connection manager says", manager: { upgrade_configs: [WEBSOCKET] }, action: {}, allowed: true },
    {
      name: "not if the connection manager knows but disables it",
      manager: { upgrade_configs: [{ ...WEBSOCKET, enabled: false }] },
      action: {},
      allowed: false,
    },
    {
      name: "if the route enables what the connection manager disables",
      manager: { upgrade_configs: [{ ...WEBSOCKET, enabled: false }] },
      action: { upgrade_configs: [WEBSOCKET] },
      allowed: true,
    },
    {
      name: "if only the route speaks of it",
      manager: {},
      action: { upgrade_configs: [{ upgrade_type: "WebSocket" }] },
      allowed: true,
    },
    {
      name: "not if the route disables it",
      manager: { upgrade_configs: [WEBSOCKET] },
      action: { upgrade_configs: [{ ...WEBSOCKET, enabled: false }] },
      allowed: false,
    },
    {
      name: "not another type",
      manager: { upgrade_configs: [{ upgrade_type: "tls/1.0" }] },
      action: {},
      allowed: false,
    },
  ];
  for (const { name, manager, action, allowed } of rows) {
    it(name, async (t) => {
      const { path, upstream, client } = await scene(t, manager, action);
      client.write(ASK);
      if (allowed) {
        const server = await upstream.connection();
        await until("the request", () => server.text.includes("upgrade: websocket"));
        return;
      }
      await client.untilEnded();
      assert.match(client.text, /^HTTP\/1\.1 403 Forbidden\r\n/);
      assert.equal(path.logged[0]?.details, "upgrade_failed");
      assert.equal(path.stats.value(`${H}downstream_rq_ws_on_non_ws_route`), 1);
      assert.equal(path.stats.value(`${H}downstream_cx_upgrades_total`), 0);
      assert.equal(upstream.connections.length, 0);
    });
  }

  it("with filters of its own", async (t) => {
    const name = "envoy.filters.http.header_mutation";
    const mutation = { append: { header: { key: "x-way", value: "upgrade" } } };
    const mutate = {
      name,
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations: { request_mutations: [mutation] },
      },
    };
    const filters = [mutate, { name: "envoy.filters.http.router" }];
    const { upstream, client } = await scene(t, { upgrade_configs: [{ ...WEBSOCKET, filters }] });
    client.write(ASK);
    const server = await upstream.connection();
    await until("the request", () => server.text.includes("\r\nx-way: upgrade\r\n"));
    const plain = await TcpPeer.connect(client.socket.remotePort!);
    t.after(() => plain.destroy());
    plain.write("GET / HTTP/1.1\r\nhost: t\r\n\r\n");
    const other = await upstream.connection(2);
    await until("the request", () => other.text.endsWith("\r\n\r\n"));
    assert.equal(other.text.includes("x-way"), false);
  });
});

describe("CONNECT", () => {
  it("is passed on as it is, and a 2xx opens the tunnel", async (t) => {
    const { path, upstream, client } = await scene(t);
    client.write(`${CONNECT}early`);
    const server = await upstream.connection();
    await until("the request", () => server.text.endsWith("\r\n\r\n"));
    assert.match(server.text, /^CONNECT far:443 HTTP\/1\.1\r\nhost: far:443\r\n/);
    server.write("HTTP/1.1 200 OK\r\n\r\n");
    await until("both", () => behindHead(server) === "early" && client.text.startsWith("HTTP/1.1 200 OK\r\n"));
    assert.doesNotMatch(client.text, /content-length|transfer-encoding|connection:/);
    server.write("reply");
    await until("the reply", () => behindHead(client) === "reply");
    assert.equal(path.stats.value(`${H}downstream_cx_upgrades_active`), 1);
  });

  it("that the upstream refuses ends with its answer", async (t) => {
    const { upstream, client } = await scene(t);
    client.write(CONNECT);
    const server = await upstream.connection();
    await until("the request", () => server.text.endsWith("\r\n\r\n"));
    server.write("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 2\r\n\r\nno");
    await client.untilEnded();
    assert.match(client.text, /^HTTP\/1\.1 407 /);
    assert.match(client.text, /\r\nconnection: close\r\n/);
    assert.equal(behindHead(client), "no");
  });

  it("is refused where only paths are matched", async (t) => {
    const { upstream, client } = await scene(t, {});
    client.write(CONNECT);
    await client.untilEnded();
    assert.match(client.text, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.equal(upstream.connections.length, 0);
  });
});
