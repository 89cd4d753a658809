import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { echoStream, startHttp2Upstream } from "../harness/http2-upstream.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

const MASK = Buffer.from([1, 2, 3, 4]);

/** A masked text frame, as a client sends it (RFC 6455 §5.2). */
function clientFrame(text: string): Buffer {
  const body = Buffer.from(text).map((byte, i) => byte ^ MASK[i % 4]!);
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), MASK, body]);
}

/** A text frame, as a server sends it. */
function serverFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}

/** A proxy before a cluster on `port`, that allows WebSocket and CONNECT on HTTP/1 and HTTP/2. */
async function startTunnels(t: TestContext, port: number, cluster: object = {}): Promise<RunningProxy> {
  const connect = { match: { connect_matcher: {} }, route: { cluster: "app" } };
  return startTestProxy(t, {
    config: sampleBootstrap({
      clusters: [sampleCluster("app", [loopback(port)], cluster)],
      listeners: [
        {
          routes: [connect, clusterRoute("app")],
          manager: {
            http2_protocol_options: { allow_connect: true },
            upgrade_configs: [{ upgrade_type: "websocket" }, { upgrade_type: "CONNECT" }],
          },
        },
      ],
    }),
  });
}

/** A session that knows that the proxy takes extended CONNECT. */
async function session(t: TestContext, proxy: RunningProxy): Promise<http2.ClientHttp2Session> {
  const client = http2.connect(`http://127.0.0.1:${proxy.port()}`);
  client.on("error", () => {});
  t.after(() => client.destroy());
  await once(client, "remoteSettings");
  assert.equal(client.remoteSettings.enableConnectProtocol, true);
  return client;
}

/** Opens a stream and waits for its response. */
async function open(client: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders) {
  const stream = client.request(headers);
  stream.on("error", () => {});
  const received: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => received.push(bytes));
  const [response] = (await once(stream, "response")) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
  return { stream, status: response[":status"], text: () => Buffer.concat(received).toString("latin1") };
}

const WEBSOCKET = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/echo", ":authority": "a" };

describe("Tunnels over HTTP/2", () => {
  it("a WebSocket of an HTTP/2 client reaches a server of HTTP/1, and is refused where it is not allowed", async (t) => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", (socket) => socket.on("message", (data) => socket.send(`echo ${String(data)}`)));
    await once(server, "listening");
    t.after(() => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    });
    const proxy = await startTunnels(t, (server.address() as AddressInfo).port);
    const client = await session(t, proxy);
    const { stream, status, text } = await open(client, { ...WEBSOCKET, "sec-websocket-version": "13" });
    assert.equal(status, 200);
    stream.write(clientFrame("hello"));
    await until("the echo", () => text() === serverFrame("echo hello").toString("latin1"));
    stream.end();
    await once(stream, "close");
    await until("the server's side to end", () => server.clients.size === 0);
    const other = await open(client, { ...WEBSOCKET, ":protocol": "other" });
    assert.equal(other.status, 403);
    const stats = await proxy.stats("upgrades|cx_http2");
    assert.equal(stats.get("http.ingress.downstream_cx_upgrades_total"), 1);
    assert.equal(stats.get("http.ingress.downstream_cx_upgrades_active"), 0);
    assert.equal(stats.get("http.ingress.downstream_cx_http2_active"), 1);
  });

  it("a WebSocket of an HTTP/1 client reaches a server of HTTP/2", async (t) => {
    const requests: http2.IncomingHttpHeaders[] = [];
    const upstream = await startHttp2Upstream(
      t,
      (stream, headers) => {
        requests.push(headers);
        stream.respond({ ":status": 200 });
        stream.on("data", () => stream.write(serverFrame("got it")));
      },
      { enableConnectProtocol: true },
    );
    const proxy = await startTunnels(t, upstream.port, { http2_protocol_options: {} });
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port()}/echo`);
    t.after(() => socket.terminate());
    await once(socket, "open");
    const answer = once(socket, "message");
    socket.send("hello");
    assert.equal(String((await answer)[0]), "got it");
    const [{ ":method": method, ":protocol": protocol, ":path": target, upgrade } = {}] = requests;
    assert.deepEqual([method, protocol, target, upgrade], ["CONNECT", "websocket", "/echo", undefined]);
  });

  it("a WebSocket finds no way to a server of HTTP/2 that does not take extended CONNECT", async (t) => {
    const upstream = await startHttp2Upstream(t);
    const proxy = await startTunnels(t, upstream.port, { http2_protocol_options: {} });
    // Its settings are known from now on.
    const warmUp = await fetch(`http://127.0.0.1:${proxy.port()}/`);
    assert.equal(warmUp.status, 200);
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port()}/echo`);
    const [error] = (await once(socket, "error")) as [Error];
    assert.match(error.message, /503/);
  });

  it("CONNECT is passed on from HTTP/2 to HTTP/2, and carries bytes both ways", async (t) => {
    const upstream = await startHttp2Upstream(t, echoStream);
    const proxy = await startTunnels(t, upstream.port, { http2_protocol_options: {} });
    const client = await session(t, proxy);
    const { stream, status, text } = await open(client, { ":method": "CONNECT", ":authority": "a.test:443" });
    assert.equal(status, 200);
    stream.write("through ");
    await until("the first bytes", () => text() === "through ");
    stream.end("the tunnel");
    await until("all bytes", () => text() === "through the tunnel");
  });
});
