import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { promisify } from "node:util";
import { TestCa } from "../harness/certificates.ts";
import { TcpUpstream } from "../harness/tcp-peer.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

const EXAMPLES = path.resolve(import.meta.dirname, "../../docs/examples");
const ca = new TestCa("Test CA");

/** A TLS and HTTP/2 server that says who it is and how it was asked. */
async function secureUpstream(t: TestContext, ip: string, port: number): Promise<number> {
  const { certPem, keyPem } = ca.issue({ commonName: "some_service", ip: [ip] });
  const server = http2.createSecureServer({ cert: certPem, key: keyPem });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: http2.ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200 });
    stream.end(`${ip} ${headers[":path"]} ${headers["x-forwarded-proto"]}`);
  });
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  server.listen(port, ip);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The example with places of this test in those of its own. */
function example(places: { readonly upstream: number; readonly statsd: number; readonly log: string }): string {
  return readFileSync(path.join(EXAMPLES, "life-of-a-request.yaml"), "utf8")
    .replace("port_value: 9901", "port_value: 0")
    .replace("0.0.0.0, port_value: 8443", "127.0.0.1, port_value: 0")
    .replaceAll("port_value: 10002", `port_value: ${places.upstream}`)
    .replace("port_value: 8125", `port_value: ${places.statsd}`)
    .replace("path: access.log", `path: ${places.log}`)
    .replace("file: modules/", `file: ${EXAMPLES}/modules/`)
    .replace("trusted_ca: { filename: server.pem }", "trusted_ca: { filename: ca.pem }")
    .replace("stats_sinks:", "stats_flush_interval: 0.2s\nstats_sinks:");
}

async function scene(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), "troupe-life-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const log = path.join(folder, "access.log");
  const authority = path.join(folder, "ca.pem");
  writeFileSync(authority, ca.certPem);
  const upstream = await secureUpstream(t, "127.0.0.2", 0);
  await secureUpstream(t, "127.0.0.3", upstream);
  const statsd = await TcpUpstream.start();
  t.after(() => statsd.close());
  const { certPem, keyPem } = ca.issue({ commonName: "acme.com", dns: ["acme.com"] });
  const files = { "server.pem": certPem, "server.key": keyPem, "ca.pem": ca.certPem };
  const proxy = await startTestProxy(t, {
    config: example({ upstream, statsd: statsd.port, log }),
    files,
    concurrency: 2,
    args: ["--file-flush-interval-msec", "100"],
  });
  const port = proxy.port("listener_https");
  const curl = async (target: string): Promise<string> => {
    const resolve = `acme.com:${port}:127.0.0.1`;
    // The authority that a client on the usual port sends.
    const args = ["-sSi", "--http2", "-H", "host: acme.com", "--cacert", authority, "--resolve", resolve];
    return (await promisify(execFile)("curl", [...args, `https://acme.com:${port}${target}`])).stdout;
  };
  return { proxy, port, statsd, log, curl };
}

/** A handshake without a server name; the system's word for how it ended. */
function handshakeWithoutName(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => resolve("connected"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on("close", () => resolve("closed"));
  });
}

describe("The configuration in docs/examples/life-of-a-request.yaml", () => {
  it("brings curl's HTTP/2 over TLS to both hosts by TLS and HTTP/2, through the filter, into the log and to statsd", async (t) => {
    const { log, statsd, curl } = await scene(t);
    const answers = [await curl("/foo"), await curl("/foo"), await curl("/foo"), await curl("/foo")];
    for (const answer of answers) {
      assert.match(answer, /^HTTP\/2 200 \r\n/);
      assert.match(answer, /\r\nx-served-by: acme\r\n/);
    }
    const bodies = new Set(answers.map((answer) => answer.slice(answer.indexOf("\r\n\r\n") + 4)));
    assert.deepEqual([...bodies].toSorted(), ["127.0.0.2 /foo https", "127.0.0.3 /foo https"]);
    assert.match(await curl("/bar"), /^HTTP\/2 404 \r\n/);
    const lines = () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []);
    await until("the log", () => lines().length === 5);
    // In whichever order the two workers wrote.
    const [unknown, ...found] = lines().toSorted((a, b) => Number(a.includes("/foo")) - Number(b.includes("/foo")));
    assert.match(found[0]!, /^\[.+\] "GET \/foo HTTP\/2" 200 - 0 20 .*"acme\.com" "127\.0\.0\.[23]:\d+"/);
    assert.match(unknown!, /"GET \/bar HTTP\/2" 404 NR /);
    const sink = await statsd.connection();
    const counted = (name: string): number =>
      [...sink.text.matchAll(new RegExp(`^envoy\\.${name}:(\\d+)\\|c$`, "gm"))].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      );
    const counts = () =>
      [
        "http.ingress_http.downstream_rq_2xx",
        "http.ingress_http.downstream_rq_4xx",
        "cluster.some_service.upstream_rq_200",
      ].map(counted);
    await until("the counts", () => counts().join() === "4,1,4");
  });

  it("closes the connection of a client that does not say acme.com, and counts it", async (t) => {
    const { proxy, port } = await scene(t);
    assert.notEqual(await handshakeWithoutName(port), "connected");
    await proxy.until("the count", async () => {
      const stats = await proxy.stats("no_filter_chain_match");
      return [...stats.values()].reduce((sum, count) => sum + count, 0) === 1;
    });
  });
});
