import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { TestCa } from "../harness/certificates.ts";
import { echoing, FakeUpstream } from "../harness/fake-upstream.ts";
import { http2Exchange } from "../harness/http2-client-exchange.ts";
import { loopback, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { downstreamTls, inlineCertificate, routingChain, tlsListener } from "../harness/tls-listener.ts";

const run = promisify(execFile);
const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "a.test", dns: ["a.test"] });

/** A proxy that offers HTTP/2 and HTTP/1.1 by ALPN, before an upstream that echoes. */
async function scene(t: TestContext): Promise<RunningProxy> {
  const upstream = await FakeUpstream.start(echoing);
  t.after(() => upstream.close());
  const common = { tls_certificates: [inlineCertificate(server)], alpn_protocols: ["h2", "http/1.1"] };
  const chain = routingChain(downstreamTls({ common_tls_context: common }), "app");
  return startTestProxy(t, {
    config: {
      static_resources: {
        listeners: [tlsListener(chain)],
        clusters: [sampleCluster("app", [loopback(upstream.port)])],
      },
    },
    concurrency: 2,
  });
}

describe("HTTP/2 over TLS", () => {
  it("is what clients get that offer h2, and HTTP/1.1 what others get", async (t) => {
    const proxy = await scene(t);
    const url = `https://127.0.0.1:${proxy.port()}/`;
    const two = await run("curl", ["-skS", "-i", "--http2", "-d", "abc", url]);
    assert.match(two.stdout, /^HTTP\/2 200 \r\n[\s\S]*\r\n\r\nabc$/);
    const one = await run("curl", ["-skS", "-i", "--http1.1", "-d", "abc", url]);
    assert.match(one.stdout, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nabc$/);
    const none = await run("curl", ["-skS", "-i", "--no-alpn", "--http1.1", "-d", "abc", url]);
    assert.match(none.stdout, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nabc$/);
    const stats = await proxy.stats("downstream_(cx|rq)_");
    assert.equal(stats.get("http.tls.downstream_cx_http2_total"), 1);
    assert.equal(stats.get("http.tls.downstream_cx_http1_total"), 2);
    assert.equal(stats.get("http.tls.downstream_cx_ssl_total"), 3);
    assert.equal(stats.get("listener.tls.http.tls.downstream_rq_completed"), 3);
    assert.equal(stats.get("listener.tls.http.tls.downstream_rq_2xx"), 3);
    await proxy.until(
      "curl to be gone",
      async () => (await proxy.stats()).get("http.tls.downstream_cx_ssl_active") === 0,
    );
  });

  it("carries large bodies on many streams, and h2load's thousands of requests", async (t) => {
    const proxy = await scene(t);
    const session = http2.connect(`https://127.0.0.1:${proxy.port()}`, { rejectUnauthorized: false });
    // The proxy may be gone before it.
    session.on("error", () => {});
    t.after(() => session.destroy());
    const body = "0123456789".repeat(100_000);
    const headers = { ":method": "POST", ":path": "/" };
    const answers = await Promise.all(Array.from({ length: 10 }, () => http2Exchange(session, headers, body)));
    for (const answer of answers) assert.deepEqual([answer.status, answer.body.length], [200, body.length]);
    const { stdout } = await run("h2load", ["-n", "3000", "-c", "4", "-m", "16", `https://127.0.0.1:${proxy.port()}/`]);
    assert.match(stdout, /3000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });
});
