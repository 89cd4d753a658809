import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { TcpPeer } from "../harness/tcp-peer.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const NAMES = ["DOWNSTREAM", "UPSTREAM"].flatMap((side) =>
  ["WIRE_BYTES_RECEIVED", "WIRE_BYTES_SENT", "HEADER_BYTES_RECEIVED", "HEADER_BYTES_SENT"].map(
    (name) => `${side}_${name}`,
  ),
);
type Counts = Readonly<Record<string, number>>;

interface Scene {
  readonly proxy: RunningProxy;
  readonly log: string;
}

/** A proxy whose log has one line for each request: what it has cost. */
async function start(t: TestContext, port: number, cluster: object): Promise<Scene> {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-wire-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = path.join(folder, "access.log");
  const json_format = Object.fromEntries(NAMES.map((name) => [name, `%${name}%`]));
  const access_log = [
    {
      name: "envoy.access_loggers.file",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path: log,
        log_format: { json_format },
      },
    },
  ];
  const config = sampleBootstrap({
    listeners: [{ manager: { access_log, http_protocol_options: { enable_trailers: true } } }],
    clusters: [sampleCluster("app", [loopback(port)], cluster)],
  });
  const proxy = await startTestProxy(t, { config, args: ["--file-flush-interval-msec", "50"] });
  return { proxy, log };
}

async function logged({ proxy, log }: Scene, lines = 1): Promise<Counts[]> {
  const read = (): string[] => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);
  await proxy.until(`${lines} lines`, async () => read().filter((line) => line.endsWith("}")).length === lines);
  return read().map((line) => JSON.parse(line) as Counts);
}

const headOf = (bytes: Buffer): number => bytes.indexOf("\r\n\r\n") + 4;

describe("Bytes on the wire, in an access log", () => {
  it("are those of the sockets, for HTTP/1 with bodies of every framing", async (t) => {
    const upstream = await FakeUpstream.start(async (exchange) => {
      await exchange.request();
      exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-trailer: end\r\n\r\n");
    });
    t.after(() => upstream.close());
    const answer = Buffer.byteLength(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-trailer: end\r\n\r\n",
    );
    const scene = await start(t, upstream.port, { http_protocol_options: { enable_trailers: true } });
    const { proxy } = scene;
    const requests = [
      "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
      `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3000\r\n\r\n${"x".repeat(3000)}`,
      `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n258\r\n${"y".repeat(600)}\r\n0\r\n\r\n`,
    ];
    for (const [i, request] of requests.entries()) {
      const client = await TcpPeer.connect(proxy.port());
      const before = upstream.connections.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
      client.write(request);
      await proxy.until(
        "the response",
        async () => client.text.endsWith("\r\n\r\n") && client.text.includes("x-trailer"),
      );
      const counts = (await logged(scene, i + 1))[i]!;
      const sent = upstream.connections.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0) - before;
      assert.deepEqual(counts, {
        DOWNSTREAM_WIRE_BYTES_RECEIVED: request.length,
        DOWNSTREAM_WIRE_BYTES_SENT: client.bytesReceived,
        DOWNSTREAM_HEADER_BYTES_RECEIVED: headOf(Buffer.from(request)),
        DOWNSTREAM_HEADER_BYTES_SENT: headOf(Buffer.from(client.text)),
        UPSTREAM_WIRE_BYTES_RECEIVED: answer,
        UPSTREAM_WIRE_BYTES_SENT: sent,
        UPSTREAM_HEADER_BYTES_RECEIVED: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".length,
        UPSTREAM_HEADER_BYTES_SENT: headOf(upstream.connections[0]!.received.subarray(before)),
      });
      client.destroy();
    }
  });

  it("are those of a stream's frames, for HTTP/2", async (t) => {
    const server = http2.createServer((request, response) => {
      request.resume().on("end", () => response.end("x".repeat(40_000)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const scene = await start(t, (server.address() as AddressInfo).port, { http2_protocol_options: {} });
    const { proxy } = scene;
    const session = http2.connect(`http://127.0.0.1:${proxy.port()}`);
    t.after(() => session.destroy());
    const stream = session.request({ ":method": "POST", ":path": "/", "x-long": "v".repeat(20_000) });
    stream.end("y".repeat(1000));
    stream.resume();
    await once(stream, "close");
    const [counts] = await logged(scene);
    const { DOWNSTREAM_HEADER_BYTES_RECEIVED: head = 0, DOWNSTREAM_WIRE_BYTES_RECEIVED: all = 0 } = counts!;
    // 20,000 letters are at least 12,500 bytes in Huffman's code.
    assert.ok(head > 10_000 && head < 21_000, `${head}`);
    // The body in one frame, perhaps with an empty one that ends the stream.
    assert.ok([head + 1009, head + 1018].includes(all), `${all} of which ${head}`);
    const sent = counts!.DOWNSTREAM_WIRE_BYTES_SENT! - counts!.DOWNSTREAM_HEADER_BYTES_SENT!;
    assert.ok(sent >= 40_000 + 3 * 9 && sent < 40_000 + 20 * 9, `${sent}`);
    const received = counts!.UPSTREAM_WIRE_BYTES_RECEIVED! - counts!.UPSTREAM_HEADER_BYTES_RECEIVED!;
    assert.ok(received >= 40_000 + 3 * 9 && received < 40_000 + 20 * 9, `${received}`);
    assert.ok(counts!.UPSTREAM_HEADER_BYTES_SENT! > 10_000);
    const body = counts!.UPSTREAM_WIRE_BYTES_SENT! - counts!.UPSTREAM_HEADER_BYTES_SENT!;
    assert.ok([1009, 1018].includes(body), `${body}`);
  });

  it("are none upstream where there is no upstream", async (t) => {
    const upstream = await FakeUpstream.start(answering("ok"));
    const { port } = upstream;
    await upstream.close();
    const scene = await start(t, port, {});
    const socket = net.connect(scene.proxy.port(), "127.0.0.1");
    t.after(() => socket.destroy());
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    const [counts] = await logged(scene);
    for (const name of NAMES.slice(4)) assert.equal(counts![name], 0, name);
    assert.equal(counts!.DOWNSTREAM_WIRE_BYTES_RECEIVED, 27);
  });
});
