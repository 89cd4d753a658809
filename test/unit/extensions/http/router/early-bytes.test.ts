import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { DataPath, RECORDED_ACCESS_LOG } from "../../../../harness/data-path.ts";
import { startHttp2Upstream } from "../../../../harness/http2-upstream.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { TcpPeer, TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";

/** What a client sends before it may: a request, if anybody should take it for one. */
const EARLY = "GET /smuggled HTTP/1.1\r\nhost: t\r\n\r\n";

type Kind = "CONNECT" | "websocket";

/** A client that has sent its request and the early bytes. */
interface Client {
  /** 0 until it is answered. */
  status(): number;
  /** Nothing more can come of the request. */
  ended(): boolean;
  close(): void;
}

/** An upstream that has got the request's head. */
interface Upstream {
  /** What came behind the head. */
  body(): string;
  accept(): void;
  refuse(): void;
}

/** Starts an upstream; resolves with its port and with a promise of the request. */
type UpstreamMaker = (t: TestContext, kind: Kind) => Promise<{ readonly port: number; request(): Promise<Upstream> }>;

const http1Upstream: UpstreamMaker = async (t, kind) => {
  const server = await TcpUpstream.start();
  t.after(() => server.close());
  const request = async (): Promise<Upstream> => {
    const peer = await server.connection();
    await until("the head", () => peer.text.includes("\r\n\r\n"));
    const switches = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    return {
      body: () => peer.text.slice(peer.text.indexOf("\r\n\r\n") + 4),
      accept: () => peer.write(kind === "CONNECT" ? "HTTP/1.1 200 OK\r\n\r\n" : switches),
      refuse: () => peer.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"),
    };
  };
  return { port: server.port, request };
};

const http2Upstream: UpstreamMaker = async (t) => {
  const streams: http2.ServerHttp2Stream[] = [];
  const chunks: Buffer[] = [];
  const take = (stream: http2.ServerHttp2Stream): void => {
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    streams.push(stream);
  };
  const { port } = await startHttp2Upstream(t, take, { enableConnectProtocol: true });
  const request = async (): Promise<Upstream> => {
    await until("the request", () => streams.length === 1);
    return {
      body: () => Buffer.concat(chunks).toString("latin1"),
      accept: () => streams[0]!.respond({ ":status": 200 }),
      refuse: () => {
        streams[0]!.respond({ ":status": 403 });
        streams[0]!.end("no");
      },
    };
  };
  return { port, request };
};

type ClientMaker = (t: TestContext, port: number, kind: Kind) => Promise<Client>;

const http1Client: ClientMaker = async (t, port, kind) => {
  const peer = await TcpPeer.connect(port);
  t.after(() => peer.destroy());
  const websocket = "GET /chat HTTP/1.1\r\nhost: t\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  const head = kind === "CONNECT" ? "CONNECT far:443 HTTP/1.1\r\nhost: far:443\r\n\r\n" : websocket;
  peer.write(`${head}${EARLY}`);
  return {
    status: () => Number(/^HTTP\/1\.1 (\d+)/.exec(peer.text)?.[1] ?? 0),
    ended: () => peer.ended,
    close: () => peer.destroy(),
  };
};

const http2Client: ClientMaker = async (t, port, kind) => {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  t.after(() => session.destroy());
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  const websocket = { ":protocol": "websocket", ":scheme": "http", ":path": "/chat", "sec-websocket-version": "13" };
  const stream = session.request({
    ":method": "CONNECT",
    ":authority": "far:443",
    ...(kind === "websocket" && websocket),
  });
  let status = 0;
  stream.on("error", () => {});
  stream.on("response", (headers) => {
    status = headers[":status"] ?? 0;
  });
  stream.resume();
  stream.write(EARLY);
  return { status: () => status, ended: () => stream.destroyed, close: () => session.destroy() };
};

async function proxy(t: TestContext, upstreamPort: number, isHttp2: boolean): Promise<DataPath> {
  const routes = [
    { match: { connect_matcher: {} }, route: { cluster: "app" } },
    { match: { prefix: "/" }, route: { cluster: "app" } },
  ];
  const manager = {
    access_log: RECORDED_ACCESS_LOG,
    http2_protocol_options: { allow_connect: true },
    upgrade_configs: [{ upgrade_type: "websocket" }, { upgrade_type: "CONNECT" }],
  };
  const cluster = isHttp2 ? { http2_protocol_options: { allow_connect: true } } : {};
  const config = sampleBootstrap({
    listeners: [{ routes, manager }],
    clusters: [sampleCluster("app", [loopback(upstreamPort)], cluster)],
  });
  const path = await DataPath.start(config);
  t.after(() => path.stop());
  return path;
}

const CLIENTS = { "HTTP/1": http1Client, "HTTP/2": http2Client };
const UPSTREAMS = { "HTTP/1": http1Upstream, "HTTP/2": http2Upstream };

for (const kind of ["CONNECT", "websocket"] as const) {
  describe(`Bytes that come before ${kind} is accepted`, () => {
    for (const [clientProtocol, makeClient] of Object.entries(CLIENTS)) {
      for (const [upstreamProtocol, makeUpstream] of Object.entries(UPSTREAMS)) {
        const way = `from ${clientProtocol} to ${upstreamProtocol}`;

        /** The request has come to the upstream, and the early bytes to the proxy. */
        const begun = async (t: TestContext) => {
          const upstream = await makeUpstream(t, kind);
          const path = await proxy(t, upstream.port, upstreamProtocol === "HTTP/2");
          const client = await makeClient(t, path.port, kind);
          const received = () => path.stats.value("http.ingress.downstream_cx_rx_bytes_total");
          const request = await upstream.request();
          await until("the early bytes", () => received() > EARLY.length + 40);
          // Whatever would go on does so within a few turns.
          for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
          assert.equal(request.body(), "");
          return { path, client, request };
        };

        it(`are held ${way}, and sent on then`, async (t) => {
          const { client, request } = await begun(t);
          request.accept();
          await until("the bytes", () => request.body() === EARLY);
          assert.equal(client.status(), kind === "websocket" && clientProtocol === "HTTP/1" ? 101 : 200);
        });

        it(`are dropped ${way} if it is refused, with the request`, async (t) => {
          const { path, client, request } = await begun(t);
          request.refuse();
          await until("the end", () => client.ended());
          assert.equal(client.status(), 403);
          await until("no request", () => path.stats.value("cluster.app.upstream_rq_active") === 0);
          for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
          assert.equal(request.body(), "");
          assert.equal(path.stats.value("cluster.app.upstream_rq_total"), 1);
          assert.equal(path.stats.value("http.ingress.downstream_cx_upgrades_active"), 0);
        });
      }
    }
  });
}
