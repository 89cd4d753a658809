import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { http2Exchange } from "../../../harness/http2-client-exchange.ts";
import { echoStream, type Http2Script, startHttp2Upstream } from "../../../harness/http2-upstream.ts";
import {
  describeFrame,
  goAwayFrame,
  headersFrame,
  PREFACE,
  pingFrame,
  SETTINGS_ACK,
  settingsFrame,
  WireReader,
} from "../../../harness/http2-wire.ts";
import { until } from "../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../../extensions/proxied.ts";

/** `HttpProtocolOptions` of a cluster that speaks HTTP/2. */
function http2Cluster(options: object = {}, common: object = {}): object {
  return {
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: options },
        common_http_protocol_options: common,
      },
    },
  };
}

/** A proxy before port `port`, and an HTTP/2 session to it. */
async function scene(
  t: TestContext,
  port: number,
  options: ProxiedOptions = {},
): Promise<[Proxied, http2.ClientHttp2Session]> {
  const proxied = await Proxied.start(t, { cluster: http2Cluster(), ...options, port });
  const session = http2.connect(`http://127.0.0.1:${proxied.path.port}`);
  session.on("error", () => {});
  t.after(() => session.destroy());
  return [proxied, session];
}

/** Never answers. */
const silent: Http2Script = () => {};

/** An upstream that reads frames as words and writes what the test gives it. */
async function rawUpstream(t: TestContext): Promise<{ port: number; connections: RawConnection[] }> {
  const connections: RawConnection[] = [];
  const server = net.createServer((socket) => connections.push(new RawConnection(socket)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const { socket } of connections) socket.destroy();
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, connections };
}

class RawConnection {
  readonly socket: net.Socket;
  readonly frames: string[] = [];
  closed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    const reader = new WireReader();
    let left = PREFACE.length;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("data", (bytes: Buffer) => {
      const skip = Math.min(left, bytes.length);
      left -= skip;
      for (const frame of reader.read(bytes.subarray(skip))) this.frames.push(describeFrame(reader, frame));
    });
    socket.write(Buffer.concat([settingsFrame(), SETTINGS_ACK]));
  }

  requests(): number {
    return this.frames.filter((frame) => frame.startsWith("HEADERS")).length;
  }
}

describe("The HTTP/2 connections to a host", () => {
  it("carry many requests at a time on one connection, with trailers both ways", async (t) => {
    const upstream = await startHttp2Upstream(t);
    const [proxied, session] = await scene(t, upstream.port);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        http2Exchange(session, { ":method": "POST", ":path": `/${i}` }, `body ${i}`, { "x-t": "1" }),
      ),
    );
    for (const [i, { status, body, headers, trailers }] of answers.entries()) {
      assert.deepEqual([status, body, headers["x-from"], trailers["x-sum"]], [200, `body ${i}`, "http2", "42"]);
    }
    assert.equal(upstream.sessionCount(), 1);
    assert.equal(proxied.stat("cluster.app.upstream_cx_http2_total"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_total"), 50);
    assert.equal(proxied.stat("cluster.app.upstream_rq_active"), 0);
    assert.equal(proxied.stat("cluster.app.http2.streams_active"), 0);
    assert.equal(proxied.path.logged[0]!.info.upstream?.protocol, "HTTP/2");
  });

  it("are as many as the host's MAX_CONCURRENT_STREAMS asks for", async (t) => {
    const waiting: http2.ServerHttp2Stream[] = [];
    const upstream = await startHttp2Upstream(t, (stream) => waiting.push(stream), { maxConcurrentStreams: 3 });
    const [proxied, session] = await scene(t, upstream.port);
    const first = http2Exchange(session, { ":path": "/" });
    await until("the first request", () => waiting.length === 1);
    const rest = Array.from({ length: 8 }, () => http2Exchange(session, { ":path": "/" }));
    await until("all requests", () => waiting.length === 9);
    assert.equal(upstream.sessionCount(), 3);
    for (const stream of waiting) stream.respond({ ":status": 200 }, { endStream: true });
    assert.deepEqual(
      (await Promise.all([first, ...rest])).map(({ status }) => status),
      Array.from({ length: 9 }, () => 200),
    );
    assert.equal(proxied.stat("cluster.app.upstream_rq_pending_active"), 0);
  });

  it("are no more than the circuit breaker allows: who finds no room waits, and is served", async (t) => {
    const waiting: http2.ServerHttp2Stream[] = [];
    const upstream = await startHttp2Upstream(t, (stream) => waiting.push(stream));
    const [proxied, session] = await scene(t, upstream.port, {
      cluster: {
        ...http2Cluster({ max_concurrent_streams: 2 }),
        circuit_breakers: { thresholds: [{ max_connections: 1 }] },
      },
    });
    const answers = Array.from({ length: 6 }, () => http2Exchange(session, { ":path": "/" }));
    for (let served = 0; served < 6; served += 2) {
      await until("two requests", () => waiting.length === 2);
      for (const stream of waiting.splice(0)) stream.respond({ ":status": 200 }, { endStream: true });
    }
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    assert.equal(upstream.sessionCount(), 1);
    assert.ok(proxied.stat("cluster.app.upstream_cx_overflow") > 0);
  });

  it("end after max_requests_per_connection, and no request is lost", async (t) => {
    const upstream = await startHttp2Upstream(t);
    const [proxied, session] = await scene(t, upstream.port, {
      cluster: http2Cluster({}, { max_requests_per_connection: 2 }),
    });
    const answers = await Promise.all(Array.from({ length: 7 }, () => http2Exchange(session, { ":path": "/" })));
    for (const { status } of answers) assert.equal(status, 200);
    assert.equal(upstream.sessionCount(), 4);
    assert.equal(proxied.stat("cluster.app.upstream_cx_max_requests"), 3);
    await until("the full ones to close", () => proxied.stat("cluster.app.upstream_cx_active") === 1);
  });

  it("end when they have idled", async (t) => {
    const clock = new FakeClock();
    const upstream = await startHttp2Upstream(t);
    const [proxied, session] = await scene(t, upstream.port, {
      clock,
      cluster: http2Cluster({}, { idle_timeout: "30s" }),
    });
    assert.equal((await http2Exchange(session, { ":path": "/" })).status, 200);
    clock.advance(29_000);
    assert.equal(proxied.stat("cluster.app.upstream_cx_active"), 1);
    clock.advance(1500);
    assert.equal(proxied.stat("cluster.app.upstream_cx_active"), 0);
    assert.equal(proxied.stat("cluster.app.upstream_cx_idle_timeout"), 1);
  });

  it("are left to their streams after GOAWAY; refused streams without body go to a new connection", async (t) => {
    const upstream = await rawUpstream(t);
    const [proxied, session] = await scene(t, upstream.port);
    const first = http2Exchange(session, { ":path": "/1" });
    await until("the first request", () => upstream.connections[0]?.requests() === 1);
    const second = http2Exchange(session, { ":path": "/2" });
    await until("the second request", () => upstream.connections[0]!.requests() === 2);
    const [old] = upstream.connections;
    old!.socket.write(goAwayFrame(1, 0));
    await until("the refused one on a new connection", () => upstream.connections[1]?.requests() === 1);
    const third = http2Exchange(session, { ":path": "/3" });
    await until("the third request", () => upstream.connections[1]!.requests() === 2);
    old!.socket.write(headersFrame(1, [":status", "200"]));
    upstream.connections[1]!.socket.write(
      Buffer.concat([headersFrame(1, [":status", "201"]), headersFrame(3, [":status", "202"])]),
    );
    assert.deepEqual(
      (await Promise.all([first, second, third])).map(({ status }) => status),
      [200, 201, 202],
    );
    await until("the old one to close", () => old!.closed);
    assert.equal(proxied.stat("cluster.app.upstream_cx_close_notify"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_retry"), 1);
  });

  it("may refuse a request three times before it fails", async (t) => {
    const upstream = await startHttp2Upstream(t, (stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
    const [proxied, session] = await scene(t, upstream.port);
    assert.equal((await http2Exchange(session, { ":path": "/" })).status, 503);
    assert.equal(proxied.stat("cluster.app.upstream_rq_retry"), 3);
    assert.equal((await proxied.logged()).flags, "UR");
  });

  it("are cut if they break the protocol, and each stream fails with UPE", async (t) => {
    const upstream = await rawUpstream(t);
    const [proxied, session] = await scene(t, upstream.port);
    const answer = http2Exchange(session, { ":method": "POST", ":path": "/" }, "abc");
    await until("the request", () => upstream.connections[0]?.requests() === 1);
    upstream.connections[0]!.socket.write(headersFrame(7, [":status", "200"]));
    assert.equal((await answer).status, 502);
    assert.equal((await proxied.logged()).flags, "UPE");
    assert.equal(proxied.stat("cluster.app.upstream_cx_protocol_error"), 1);
    await until("GOAWAY", () => upstream.connections[0]!.frames.at(-1) === "GOAWAY last 0 code 1");
    assert.equal(proxied.stat("cluster.app.upstream_rq_active"), 0);
  });

  it("are found dead by PING", async (t) => {
    const clock = new FakeClock();
    const upstream = await rawUpstream(t);
    const keepalive = { interval: "10s", timeout: "2s", interval_jitter: { value: 0 } };
    const [proxied, session] = await scene(t, upstream.port, {
      clock,
      routes: [{ match: { prefix: "/" }, route: { cluster: "app", timeout: "0s" } }],
      cluster: http2Cluster({ connection_keepalive: keepalive }),
    });
    const answer = http2Exchange(session, { ":method": "POST", ":path": "/" }, "abc");
    await until("the request", () => upstream.connections[0]?.requests() === 1);
    const [connection] = upstream.connections;
    clock.advance(10_100);
    await until("PING", () => connection!.frames.at(-1)!.startsWith("PING"));
    connection!.socket.write(pingFrame("\0".repeat(8), true));
    await until("the answer to be read", () => proxied.stat("cluster.app.upstream_cx_rx_bytes_total") >= 9 + 9 + 17);
    clock.advance(2500);
    assert.equal(proxied.stat("cluster.app.upstream_cx_active"), 1);
    clock.advance(8000);
    clock.advance(2500);
    assert.equal((await answer).status, 503);
    assert.equal(proxied.stat("cluster.app.http2.keepalive_timeout"), 1);
    assert.equal((await proxied.logged()).flags, "UC");
  });

  it("say nothing to a host that is not there: 503 with UF", async (t) => {
    const [proxied, session] = await scene(t, 1);
    assert.equal((await http2Exchange(session, { ":path": "/" })).status, 503);
    assert.equal((await proxied.logged()).flags, "UF");
    assert.equal(proxied.stat("cluster.app.upstream_cx_connect_fail"), 1);
  });

  it("cancel a stream of which the client has gone, and stay", async (t) => {
    const upstream = await rawUpstream(t);
    const [proxied, session] = await scene(t, upstream.port);
    const stream = session.request({ ":path": "/" });
    stream.on("error", () => {});
    await until("the request", () => upstream.connections[0]?.requests() === 1);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await until("the cancellation", () => upstream.connections[0]!.frames.at(-1) === "RST_STREAM 1 code 8");
    assert.equal(proxied.stat("cluster.app.upstream_cx_active"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_active"), 0);
  });

  it("drain with their cluster: what runs is finished, then they close", async (t) => {
    const waiting: http2.ServerHttp2Stream[] = [];
    const upstream = await startHttp2Upstream(t, (stream) => waiting.push(stream));
    const [proxied, session] = await scene(t, upstream.port);
    const answer = http2Exchange(session, { ":path": "/" });
    await until("the request", () => waiting.length === 1);
    proxied.path.clusters.apply({ upserts: [], removals: ["app"], breakerChunks: [] });
    waiting[0]!.respond({ ":status": 200 }, { endStream: true });
    assert.equal((await answer).status, 200);
    await until("the end", () => upstream.sessions.length === 0);
  });
});

describe("All pairings of protocols", () => {
  it("HTTP/1 clients get answers of HTTP/2 hosts, with bodies of any size", async (t) => {
    const upstream = await startHttp2Upstream(t);
    const [proxied] = await scene(t, upstream.port);
    const client = await proxied.client();
    const body = "x".repeat(300_000);
    const answer = await client.request({ method: "POST", body });
    assert.deepEqual([answer.status, answer.body.length, answer.header("x-from")], [200, body.length, "http2"]);
    assert.equal((await client.request()).status, 200);
    assert.equal(upstream.sessionCount(), 1);
  });

  it("a cluster that follows its clients speaks HTTP/2 to HTTP/2 ones and HTTP/1 to HTTP/1 ones", async (t) => {
    const protocols: string[] = [];
    const server = http2.createServer();
    server.on("stream", (stream: http2.ServerHttp2Stream) => {
      protocols.push("2");
      echoStream(stream, {});
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const follow = {
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
          use_downstream_protocol_config: { http2_protocol_options: {} },
        },
      },
    };
    const [proxied, session] = await scene(t, (server.address() as net.AddressInfo).port, { cluster: follow });
    assert.equal((await http2Exchange(session, { ":path": "/" })).headers["x-from"], "http2");
    const client = await proxied.client();
    // An HTTP/2 server answers HTTP/1 with 403 or breaks off.
    await client.request().catch(() => {});
    assert.deepEqual(protocols, ["2"]);
    assert.equal(proxied.stat("cluster.app.upstream_cx_http2_total"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_cx_http1_total"), 1);
    session.destroy();
    for (const one of [session]) one.destroy();
    proxied.path.clusters.close();
  });

  it("the older http2_protocol_options of a cluster mean HTTP/2", async (t) => {
    const upstream = await startHttp2Upstream(t);
    const [, session] = await scene(t, upstream.port, { cluster: { http2_protocol_options: {} } });
    assert.equal((await http2Exchange(session, { ":path": "/" })).headers["x-from"], "http2");
  });

  it("flow control joins both sides: a slow client slows the host down", async (t) => {
    const total = 40_000_000;
    let sent = 0;
    const upstream = await startHttp2Upstream(t, (stream) => {
      stream.respond({ ":status": 200 });
      const chunk = Buffer.alloc(100_000);
      const write = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!stream.write(chunk)) {
            stream.once("drain", write);
            return;
          }
        }
        stream.end();
      };
      write();
    });
    const [proxied, session] = await scene(t, upstream.port, {
      cluster: http2Cluster({ initial_stream_window_size: 1_000_000, initial_connection_window_size: 1_000_000 }),
    });
    const stream = session.request({ ":path": "/" });
    stream.pause();
    await once(stream, "response");
    const name = "cluster.app.upstream_flow_control_paused_reading_total";
    await until("the pause", () => proxied.stat(name) > 0);
    assert.ok(sent < total, `${sent} bytes were sent`);
    let length = 0;
    stream.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    stream.resume();
    await once(stream, "end");
    assert.equal(length, total);
  });

  it("a request in the middle of its body survives the silence of the host", async (t) => {
    const upstream = await startHttp2Upstream(t, silent);
    const [proxied, session] = await scene(t, upstream.port);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.on("error", () => {});
    for (let i = 0; i < 100; i++) stream.write("piece");
    await until("the body", () => proxied.stat("cluster.app.upstream_cx_tx_bytes_total") > 500);
    assert.equal(proxied.stat("cluster.app.upstream_rq_active"), 1);
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await until("the end", () => proxied.stat("cluster.app.upstream_rq_active") === 0);
  });
});
