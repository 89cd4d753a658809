import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { DataPath, RECORDED_ACCESS_LOG } from "../../../../harness/data-path.ts";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { TcpPeer, TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";

const H = "http.ingress.";
const C = "cluster.app.upstream_";
const CONNECT = "CONNECT far:443 HTTP/1.1\r\nhost: far:443\r\n\r\n";
const POST = "POST /tunnel HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n";

interface Scene {
  readonly path: DataPath;
  readonly upstream: TcpUpstream;
  readonly clock: FakeClock;
}

interface SceneOptions {
  readonly connect?: object;
  readonly manager?: object;
  readonly action?: object;
  readonly cluster?: object;
  readonly port?: number;
}

/** A proxy that ends CONNECT itself, before a server of plain TCP. */
async function scene(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const clock = new FakeClock();
  const upstream = await TcpUpstream.start();
  t.after(() => upstream.close());
  const route = {
    cluster: "app",
    upgrade_configs: [{ upgrade_type: "CONNECT", connect_config: options.connect ?? {} }],
    ...options.action,
  };
  const routes = [
    { match: { connect_matcher: {} }, route },
    { match: { prefix: "/" }, route },
  ];
  const manager = {
    access_log: RECORDED_ACCESS_LOG,
    http2_protocol_options: { allow_connect: true },
    ...options.manager,
  };
  const config = sampleBootstrap({
    listeners: [{ routes, manager }],
    clusters: [sampleCluster("app", [loopback(options.port ?? upstream.port)], options.cluster)],
  });
  const path = await DataPath.start(config, { clock });
  t.after(() => path.stop());
  return { path, upstream, clock };
}

async function connected(t: TestContext, { path }: Scene): Promise<TcpPeer> {
  const client = await TcpPeer.connect(path.port);
  t.after(() => client.destroy());
  return client;
}

/** A CONNECT over HTTP/2 with all that came of it. */
async function connectHttp2(t: TestContext, { path }: Scene, end = false) {
  const session = http2.connect(`http://127.0.0.1:${path.port}`);
  session.on("error", () => {});
  t.after(() => session.destroy());
  const stream = session.request({ ":method": "CONNECT", ":authority": "far:443" }, { endStream: end });
  stream.on("error", () => {});
  const received: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => received.push(bytes));
  return { session, stream, text: () => Buffer.concat(received).toString("latin1") };
}

const headOf = (peer: TcpPeer) => peer.text.slice(0, peer.text.indexOf("\r\n\r\n"));
const behindHead = (peer: TcpPeer) => peer.text.slice(peer.text.indexOf("\r\n\r\n") + 4);

describe("CONNECT that ends at the proxy", () => {
  it("connects to the host and passes bytes both ways, without HTTP", async (t) => {
    const all = await scene(t);
    const client = await connected(t, all);
    client.write(`${CONNECT}early`);
    const server = await all.upstream.connection();
    await until("the answer", () => client.text.includes("\r\n\r\n"));
    assert.match(headOf(client), /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(headOf(client), /content-length|transfer-encoding|connection:/);
    await server.untilText("early");
    server.write("GET / HTTP/1.1\r\n\r\n");
    await until("the bytes", () => behindHead(client) === "GET / HTTP/1.1\r\n\r\n");
    client.write(" and late");
    await server.untilText("early and late");
    const { stats } = all.path;
    for (const [name, value] of [
      [`${H}downstream_cx_upgrades_total`, 1],
      [`${H}downstream_cx_upgrades_active`, 1],
      [`${C}cx_total`, 1],
      [`${C}rq_active`, 1],
      [`${C}rq_200`, 1],
    ] as const) {
      assert.equal(stats.value(name), value, name);
    }
  });

  it("carries much, at the pace of the slower side", async (t) => {
    const all = await scene(t);
    const client = await connected(t, all);
    client.write(CONNECT);
    const server = await all.upstream.connection();
    await until("the answer", () => client.text.includes("\r\n\r\n"));
    server.socket.pause();
    const much = Buffer.alloc(8_000_000, "x");
    client.write(much);
    await until("a pause", () => all.path.stats.value("cluster.app.upstream_flow_control_backed_up_total") > 0);
    server.socket.resume();
    await until("all of it", () => server.bytesReceived === much.length);
    client.socket.pause();
    server.write(much);
    await until("a pause", () => all.path.stats.value("cluster.app.upstream_flow_control_paused_reading_total") > 0);
    client.socket.resume();
    await until("all of it", () => behindHead(client).length === much.length);
  });

  it("ends for the client when the server ends, with all that came before", async (t) => {
    const all = await scene(t);
    const client = await connected(t, all);
    client.write(CONNECT);
    const server = await all.upstream.connection();
    server.write("last words");
    server.end();
    await client.untilEnded();
    assert.equal(behindHead(client), "last words");
    const { status, flags, details } = all.path.logged[0]!;
    assert.deepEqual([status, flags, details], [200, "", "via_upstream"]);
    await server.untilClosed();
    assert.equal(all.path.stats.value(`${C}cx_active`), 0);
    assert.equal(all.path.stats.value(`${C}rq_active`), 0);
    assert.equal(all.path.stats.value(`${H}downstream_cx_upgrades_active`), 0);
  });

  it("ends for the server when the client ends, with all that came before", async (t) => {
    const all = await scene(t);
    const client = await connected(t, all);
    client.write(CONNECT);
    const server = await all.upstream.connection();
    await until("the answer", () => client.text.includes("\r\n\r\n"));
    client.write("bye");
    client.end();
    await server.untilEnded();
    assert.equal(server.text, "bye");
    await until("no connection", () => all.path.stats.value(`${C}cx_active`) === 0);
    assert.equal(all.path.logged[0]?.flags, "DC");
  });

  it("is cut for one when the other is reset", async (t) => {
    const all = await scene(t);
    const first = await connected(t, all);
    first.write(CONNECT);
    const server = await all.upstream.connection();
    await until("the answer", () => first.text.includes("\r\n\r\n"));
    server.reset();
    await until("the client's end", () => first.ended || first.closed);
    const details = "upstream_reset_after_response_started{connection_termination}";
    assert.deepEqual([all.path.logged[0]?.flags, all.path.logged[0]?.details], ["UC", details]);
    const second = await connected(t, all);
    second.write(CONNECT);
    const other = await all.upstream.connection(2);
    await until("the answer", () => second.text.includes("\r\n\r\n"));
    second.reset();
    await until("the server's end", () => other.ended || other.closed);
    await until("no connection", () => all.path.stats.value(`${C}cx_active`) === 0);
  });

  it("is cut after the stream's idle timeout, be one side ended or not", async (t) => {
    const all = await scene(t, { manager: { stream_idle_timeout: "60s" }, action: { timeout: "0s" } });
    const whole = await connected(t, all);
    whole.write(CONNECT);
    const server = await all.upstream.connection();
    await until("the answer", () => whole.text.includes("\r\n\r\n"));
    const half = await connectHttp2(t, all);
    await once(half.stream, "response");
    half.stream.end("half");
    const other = await all.upstream.connection(2);
    await other.untilEnded();
    assert.equal(other.text, "half");
    all.clock.advance(50_000);
    server.write("x");
    other.write("y");
    await until("the bytes", () => behindHead(whole) === "x" && half.text() === "y");
    all.clock.advance(59_000);
    assert.deepEqual([whole.ended, other.closed], [false, false]);
    all.clock.advance(2000);
    await whole.untilEnded();
    await server.untilEnded();
    await until("no connection", () => all.path.stats.value(`${C}cx_active`) === 0);
    assert.deepEqual(
      all.path.logged.map(({ flags }) => flags),
      ["SI", "SI"],
    );
  });

  it("is answered 503 when the host refuses, before any byte is taken", async (t) => {
    const all = await scene(t, { port: 1 });
    const client = await connected(t, all);
    client.write(`${CONNECT}early`);
    await client.untilEnded();
    assert.match(headOf(client), /^HTTP\/1\.1 503 /);
    assert.match(headOf(client), /\r\nconnection: close/);
    assert.equal(all.path.logged[0]?.flags, "UF");
    assert.equal(all.path.stats.value(`${C}cx_connect_fail`), 1);
  });

  it("counts in the breakers of the route's priority", async (t) => {
    const thresholds = [{ priority: "HIGH", max_connections: 0 }];
    const cluster = { circuit_breakers: { thresholds } };
    const all = await scene(t, { action: { priority: "HIGH" }, cluster });
    const client = await connected(t, all);
    client.write(CONNECT);
    await client.untilEnded();
    assert.match(headOf(client), /^HTTP\/1\.1 503 /);
    assert.equal(all.path.logged[0]?.flags, "UO");
  });

  for (const version of ["V1", "V2"] as const) {
    it(`begins with a PROXY protocol header, ${version}`, async (t) => {
      const all = await scene(t, { connect: { proxy_protocol_config: { version } } });
      const client = await connected(t, all);
      client.write(`${CONNECT}early`);
      const server = await all.upstream.connection();
      const { localPort } = client.socket;
      if (version === "V1") {
        await server.untilText(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${all.path.port}\r\nearly`);
        return;
      }
      await until("the bytes", () => server.text.endsWith("early"));
      const header = server.bytes.subarray(0, -5);
      assert.equal(header.subarray(0, 16).toString("hex"), "0d0a0d0a000d0a515549540a2111000c");
      assert.equal(header.subarray(16).toString("hex"), `7f0000017f000001${hex16(localPort!)}${hex16(all.path.port)}`);
    });
  }

  it("over HTTP/2 passes bytes, and each side's end by itself", async (t) => {
    const all = await scene(t, { action: { timeout: "0s" } });
    const { stream, text } = await connectHttp2(t, all);
    stream.write("early");
    const [head] = (await once(stream, "response")) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
    assert.equal(head[":status"], 200);
    const server = await all.upstream.connection();
    await server.untilText("early");
    stream.end(" and late");
    await server.untilEnded();
    assert.equal(server.text, "early and late");
    server.write("still ");
    await until("the first bytes", () => text() === "still ");
    server.end();
    await once(stream, "close");
    assert.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR);
    await until("no connection", () => all.path.stats.value(`${C}cx_active`) === 0);
    assert.deepEqual([all.path.logged[0]?.status, all.path.logged[0]?.flags], [200, ""]);
  });

  it("over HTTP/2 costs a client that leaves its own connection to the host only", async (t) => {
    const all = await scene(t);
    const one = await connectHttp2(t, all);
    await once(one.stream, "response");
    const server = await all.upstream.connection();
    const two = one.session.request({ ":method": "CONNECT", ":authority": "far:443" });
    await once(two, "response");
    one.stream.close(http2.constants.NGHTTP2_CANCEL);
    await until("the end of one", () => server.ended || server.closed);
    await until("one connection", () => all.path.stats.value(`${C}cx_active`) === 1);
    assert.equal(one.session.closed, false);
  });
});

describe("POST that ends at the proxy", () => {
  it("passes its body and the host's bytes as a response, with allow_post", async (t) => {
    const all = await scene(t, { connect: { allow_post: true }, action: { timeout: "0s" } });
    const client = await connected(t, all);
    client.write(`${POST}5\r\nhello\r\n`);
    const server = await all.upstream.connection();
    await server.untilText("hello");
    await until("the answer", () => client.text.includes("\r\n\r\n"));
    assert.match(headOf(client), /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(headOf(client), /\r\ntransfer-encoding: chunked/);
    server.write("abc");
    await until("the bytes", () => behindHead(client) === "3\r\nabc\r\n");
    client.write("0\r\n\r\n");
    await server.untilEnded();
    server.write("d");
    server.end();
    await until("the end", () => behindHead(client) === "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
    assert.equal(all.path.stats.value(`${H}downstream_cx_upgrades_total`), 0);
  });

  for (const [name, connect, bytes] of [
    ["POST is passed on as HTTP without allow_post", {}, POST],
    ["GET is passed on as HTTP", { allow_post: true }, "GET / HTTP/1.1\r\nhost: t\r\n\r\n"],
  ] as const) {
    it(name, async (t) => {
      const all = await scene(t, { connect });
      const client = await connected(t, all);
      client.write(bytes);
      const server = await all.upstream.connection();
      await until("the head", () => /^(POST|GET) .*\r\n\r\n$/s.test(server.text));
    });
  }
});

describe("connect_config", () => {
  const rows: readonly [name: string, upgrade: object, problem: RegExp][] = [
    ["for another upgrade", { upgrade_type: "websocket", connect_config: {} }, /upgrade_configs\[0\]\.connect_config/],
  ];
  for (const [name, upgrade, problem] of rows) {
    it(`is refused ${name}`, async (t) => {
      await assert.rejects(scene(t, { action: { upgrade_configs: [upgrade] } }), problem);
    });
  }
});

function hex16(value: number): string {
  return value.toString(16).padStart(4, "0");
}
