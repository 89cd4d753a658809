import assert from "node:assert/strict";
import type http2 from "node:http2";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { startHttp2Upstream } from "../../../../harness/http2-upstream.ts";
import { until } from "../../../../harness/until.ts";
import { TcpProxied, type TcpProxiedOptions } from "./tcp-proxied.ts";

/** A TCP proxy that tunnels to `db.test:5432`. */
function tunnelling(fields: object = {}, more: TcpProxiedOptions = {}): TcpProxiedOptions {
  return { ...more, proxy: { tunneling_config: { hostname: "db.test:5432", ...fields }, ...more.proxy } };
}

const CONNECT = "CONNECT db.test:5432 HTTP/1.1\r\nhost: db.test:5432\r\n\r\n";

describe("The tunnels of envoy.filters.network.tcp_proxy", () => {
  it("ask with CONNECT, and carry bytes both ways once the answer is 200", async (t) => {
    const proxied = await TcpProxied.start(t, tunnelling());
    const { client, server } = await proxied.pair();
    client.write("hello");
    await server.untilText(CONNECT);
    server.write("HTTP/1.1 200 OK\r\n\r\nwelcome");
    await client.untilText("welcome");
    await server.untilText(`${CONNECT}hello`);
    client.end();
    await server.untilEnded();
    server.write(" and bye");
    server.end();
    await client.untilEnded();
    assert.equal(client.text, "welcome and bye");
    const [line] = await proxied.logged();
    assert.deepEqual([line?.flags, line?.info.bytesReceived, line?.info.bytesSent], ["", 5, 15]);
    assert.equal(line?.info.upstream?.hostAddress, `127.0.0.1:${proxied.upstream.port}`);
  });

  it("ask with POST if told to, and carry bytes in the bodies, with their ends", async (t) => {
    const proxied = await TcpProxied.start(t, tunnelling({ use_post: true, post_path: "/tunnel" }));
    const { client, server } = await proxied.pair();
    const head = "POST /tunnel HTTP/1.1\r\nhost: db.test:5432\r\ntransfer-encoding: chunked\r\n\r\n";
    await server.untilText(head);
    server.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    client.write("hello");
    await server.untilText(`${head}5\r\nhello\r\n`);
    client.end();
    await server.untilText(`${head}5\r\nhello\r\n0\r\n\r\n`);
    server.write("3\r\nbye\r\n0\r\n\r\n");
    await client.untilEnded();
    assert.equal(client.text, "bye");
  });

  it("share a connection to a host that speaks HTTP/2, each a stream of its own", async (t) => {
    const requests: http2.IncomingHttpHeaders[] = [];
    const upstream = await startHttp2Upstream(t, (stream, headers) => {
      requests.push(headers);
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    const typed_extension_protocol_options = {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    };
    const options = tunnelling({}, { port: upstream.port, cluster: { typed_extension_protocol_options } });
    const proxied = await TcpProxied.start(t, options);
    const clients = [await proxied.tcp.client(), await proxied.tcp.client()];
    for (const [i, client] of clients.entries()) {
      client.write(`hello ${i}`);
      await client.untilText(`hello ${i}`);
    }
    assert.deepEqual(
      requests.map((headers) => [headers[":method"], headers[":authority"]]),
      [
        ["CONNECT", "db.test:5432"],
        ["CONNECT", "db.test:5432"],
      ],
    );
    assert.equal(upstream.sessionCount(), 1);
    for (const client of clients) {
      client.end();
      await client.untilClosed();
      assert.equal(client.error, "");
    }
    await until("the end of the streams", () => proxied.stat("cluster.app.upstream_rq_active") === 0);
  });

  it("have the headers and the hostname that the configuration makes for each", async (t) => {
    const header = { key: "x-client", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" };
    const fields = { hostname: "%DOWNSTREAM_LOCAL_ADDRESS%", headers_to_add: [{ header }] };
    const proxied = await TcpProxied.start(t, tunnelling(fields));
    const { server } = await proxied.pair();
    const target = `127.0.0.1:${proxied.tcp.path.port}`;
    await server.untilText(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\nx-client: 127.0.0.1\r\n\r\n`);
  });

  it("are tried again when they are refused, as often as max_connect_attempts says", async (t) => {
    const proxied = await TcpProxied.start(t, tunnelling({}, { proxy: { max_connect_attempts: 2 } }));
    proxied.upstream.onConnection((server) => server.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"));
    const client = await proxied.tcp.client();
    await client.untilEnded();
    const [line] = await proxied.logged();
    assert.equal(line?.flags, "UF,URX");
    assert.equal(client.text, "");
    assert.equal(proxied.upstream.connections.length, 2);
  });

  it("must be open within the connect_timeout", async (t) => {
    const clock = new FakeClock();
    const proxied = await TcpProxied.start(t, tunnelling({}, { clock }));
    const { client, server } = await proxied.pair();
    await server.untilText(CONNECT);
    clock.advance(5_020);
    await client.untilEnded();
    const [line] = await proxied.logged();
    assert.equal(line?.flags, "UF,URX");
    await server.untilEnded();
  });

  it("end on both sides when one breaks off", async (t) => {
    const proxied = await TcpProxied.start(t, tunnelling());
    proxied.upstream.onConnection((server) => server.write("HTTP/1.1 200 OK\r\n\r\n"));
    const first = await proxied.pair();
    await until("the tunnel", () => proxied.stat("cluster.app.upstream_rq_active") === 1);
    first.client.reset();
    await first.server.untilEnded();
    const second = await proxied.pair();
    second.client.write("x");
    await second.server.untilText(`${CONNECT}x`);
    second.server.reset();
    await second.client.untilClosed();
    assert.equal(second.client.error, "ECONNRESET");
    await until("the end", () => proxied.stat("cluster.app.upstream_rq_active") === 0);
  });

  it("hold back a client whose server does not read", async (t) => {
    const limits = { per_connection_buffer_limit_bytes: 65_536 };
    const proxied = await TcpProxied.start(t, tunnelling({}, { listener: limits, cluster: limits, keep: false }));
    proxied.upstream.onConnection((server) => server.write("HTTP/1.1 200 OK\r\n\r\n"));
    const { client, server } = await proxied.pair();
    await until("the request", () => server.bytesReceived > 0);
    server.socket.pause();
    const before = server.bytesReceived;
    const total = 48 * 1024 * 1024;
    client.write(Buffer.alloc(total, "x"));
    await until("a pause", () => proxied.stat("tcp.in.downstream_flow_control_paused_reading_total") >= 1);
    server.socket.resume();
    await until("all of it", () => server.bytesReceived === before + total);
  });

  describe("keep what the host has answered in the filter state", () => {
    const filterState = async (proxied: TcpProxied): Promise<unknown> => {
      const [line] = await proxied.logged();
      return Object.fromEntries(line!.info.filterState ?? []);
    };
    const headers = "envoy.tcp_proxy.propagate_response_headers";
    const trailers = "envoy.tcp_proxy.propagate_response_trailers";

    it("headers and trailers, if told to", async (t) => {
      const fields = { propagate_response_headers: true, propagate_response_trailers: true, use_post: true };
      const cluster = { http_protocol_options: { enable_trailers: true } };
      const proxied = await TcpProxied.start(t, tunnelling(fields, { cluster }));
      const { client, server } = await proxied.pair();
      server.write("HTTP/1.1 200 OK\r\nx-node: 7\r\ntransfer-encoding: chunked\r\n\r\n");
      server.write("3\r\nbye\r\n0\r\nx-sum: 9\r\n\r\n");
      await client.untilEnded();
      client.end();
      assert.deepEqual(await filterState(proxied), {
        [headers]: {
          headers: [
            { key: ":status", value: "200" },
            { key: "x-node", value: "7" },
          ],
        },
        [trailers]: { headers: [{ key: "x-sum", value: "9" }] },
      });
    });

    it("headers of a refusal too", async (t) => {
      const proxied = await TcpProxied.start(t, tunnelling({ propagate_response_headers: true }));
      proxied.upstream.onConnection((server) => server.write("HTTP/1.1 403 Forbidden\r\nx-why: no\r\n\r\n"));
      await (await proxied.tcp.client()).untilEnded();
      const kept = [
        { key: ":status", value: "403" },
        { key: "x-why", value: "no" },
      ];
      assert.deepEqual(await filterState(proxied), { [headers]: { headers: kept } });
    });

    it("nothing, if not", async (t) => {
      const proxied = await TcpProxied.start(t, tunnelling());
      proxied.upstream.onConnection((server) => server.write("HTTP/1.1 403 Forbidden\r\n\r\n"));
      await (await proxied.tcp.client()).untilEnded();
      assert.deepEqual(await filterState(proxied), {});
    });
  });

  it("refuse paths that are none, by name", async (t) => {
    const start = (fields: object) => TcpProxied.start(t, tunnelling(fields));
    await assert.rejects(start({ use_post: true, post_path: "a b" }), /post_path: "a b" is no path/);
    await assert.rejects(start({ post_path: "/a" }), /post_path: has no effect without use_post/);
  });
});
