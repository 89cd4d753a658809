import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { type Issued, TestCa } from "../harness/certificates.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { startHttp2Upstream } from "../harness/http2-upstream.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { upstreamTls } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "server", dns: ["server.test"] });
const client = ca.issue({ commonName: "client" });
const HTTP2 = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  },
};
const OFTEN = { timeout: "30s", interval: "0.02s", no_traffic_interval: "0.02s" };
const THRESHOLDS = { unhealthy_threshold: 1, healthy_threshold: 1 };

async function start(t: TestContext, cluster: object): Promise<RunningProxy> {
  return startTestProxy(t, { config: sampleBootstrap({ clusters: [cluster] }), concurrency: 2 });
}

async function stat(proxy: RunningProxy, name: string): Promise<number | undefined> {
  return (await proxy.stats(`cluster.app.${name}`)).get(`cluster.app.${name}`);
}

async function healthy(proxy: RunningProxy, hosts: number): Promise<void> {
  await proxy.until(`${hosts} healthy hosts`, async () => {
    return (await stat(proxy, "health_check.healthy")) === hosts;
  });
}

/** A TLS server that notes what its clients offer, and answers every request with 200 unless it is told not to. */
async function tlsHost(t: TestContext, options: tls.TlsOptions = {}) {
  const seen = { alpn: new Set<string | false | null>(), clients: new Set<string | undefined>(), status: 200 };
  const host = tls.createServer({ cert: server.certPem, key: server.keyPem, ...options }, (socket) => {
    seen.alpn.add(socket.alpnProtocol);
    seen.clients.add(socket.getPeerX509Certificate()?.subject);
    socket.on("error", () => {});
    socket.on("data", () => socket.write(`HTTP/1.1 ${seen.status} Said\r\ncontent-length: 2\r\n\r\nok`));
  });
  host.on("tlsClientError", () => {});
  host.listen(0, "127.0.0.1");
  await once(host, "listening");
  t.after(() => host.close());
  return { port: (host.address() as AddressInfo).port, seen };
}

const TRUST = { validation_context: { trusted_ca: { inline_string: ca.certPem } } };

function checked(port: number, check: object, more: object = {}): object {
  const health_checks = [{ ...OFTEN, ...THRESHOLDS, ...check }];
  return sampleCluster("app", [loopback(port)], { health_checks, ...more });
}

describe("A cluster whose hosts speak TLS", () => {
  it("is checked over TLS, and counts handshakes of checks", async (t) => {
    const host = await tlsHost(t);
    const transport_socket = upstreamTls({ common_tls_context: TRUST, sni: "server.test" });
    const proxy = await start(t, checked(host.port, { http_health_check: { path: "/" } }, { transport_socket }));
    assert.equal((await requestOnce(proxy.port(), {})).status, 200);
    assert.ok((await stat(proxy, "ssl.handshake"))! >= 2, "of a check and of a request");
    host.seen.status = 500;
    await healthy(proxy, 0);
    host.seen.status = 200;
    await healthy(proxy, 1);
  });

  it("fails its check where the certificate does not fit", async (t) => {
    const host = await tlsHost(t);
    const other = new TestCa("Other CA");
    const validation_context = { trusted_ca: { inline_string: other.certPem } };
    const transport_socket = upstreamTls({ common_tls_context: { validation_context } });
    const proxy = await start(t, checked(host.port, { tcp_health_check: {} }, { transport_socket }));
    assert.equal((await requestOnce(proxy.port(), {})).status, 503);
    assert.equal(await stat(proxy, "health_check.healthy"), 0);
    assert.ok((await stat(proxy, "health_check.network_failure"))! >= 1);
    assert.ok((await stat(proxy, "ssl.fail_verify_error"))! >= 1);
  });

  it("offers the check's own protocols by ALPN", async (t) => {
    const host = await tlsHost(t, { ALPNProtocols: ["probe", "http/1.1"] });
    const transport_socket = upstreamTls({ common_tls_context: { alpn_protocols: ["http/1.1"] } });
    const check = { http_health_check: { path: "/" }, tls_options: { alpn_protocols: ["probe"] } };
    const proxy = await start(t, checked(host.port, check, { transport_socket }));
    await healthy(proxy, 1);
    assert.deepEqual([...host.seen.alpn], ["probe"]);
    assert.equal((await requestOnce(proxy.port(), {})).status, 200);
    assert.ok(host.seen.alpn.has("http/1.1"));
  });

  it("may be checked by another transport socket than requests use", async (t) => {
    const host = await tlsHost(t, { requestCert: true, rejectUnauthorized: false });
    const certificate = (issued: Issued): object => ({
      tls_certificates: [
        { certificate_chain: { inline_string: issued.certPem }, private_key: { inline_string: issued.keyPem } },
      ],
    });
    const matches = [
      {
        name: "checks",
        match: { for: "checks" },
        transport_socket: upstreamTls({ common_tls_context: certificate(client) }),
      },
    ];
    const check = { http_health_check: { path: "/" }, transport_socket_match_criteria: { for: "checks" } };
    const more = { transport_socket: upstreamTls({}), transport_socket_matches: matches };
    const proxy = await start(t, checked(host.port, check, more));
    assert.deepEqual([...host.seen.clients], ["CN=client"]);
    assert.equal((await requestOnce(proxy.port(), {})).status, 200);
    assert.deepEqual(host.seen.clients, new Set(["CN=client", undefined]));
  });

  it("is checked with a new certificate after a reload that brings one", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "troupe-checks-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const paths = { chain: join(folder, "chain.pem"), key: join(folder, "key.pem") };
    const write = ({ certPem, keyPem }: Issued): void => {
      writeFileSync(paths.chain, certPem);
      writeFileSync(paths.key, keyPem);
    };
    write(client);
    const host = await tlsHost(t, { requestCert: true, rejectUnauthorized: false });
    const files = { certificate_chain: { filename: paths.chain }, private_key: { filename: paths.key } };
    const transport_socket = upstreamTls({ common_tls_context: { tls_certificates: [files] } });
    const check = { http_health_check: { path: "/" }, reuse_connection: false };
    const cluster = checked(host.port, check, { transport_socket });
    const proxy = await start(t, cluster);
    await healthy(proxy, 1);
    write(ca.issue({ commonName: "newer" }));
    await proxy.reload(sampleBootstrap({ clusters: [cluster] }));
    await proxy.until("a check with the new certificate", async () => host.seen.clients.has("CN=newer"));
  });
});

describe("A cluster with checks over HTTP/2", () => {
  it("follows an HTTP check over TLS, and writes its events to each file", async (t) => {
    let status = 200;
    const host = http2.createSecureServer({ cert: server.certPem, key: server.keyPem });
    const sessions = new Set<http2.ServerHttp2Session>();
    host.on("session", (session) => sessions.add(session));
    host.on("stream", (stream: http2.ServerHttp2Stream) => stream.respond({ ":status": status }, { endStream: true }));
    host.listen(0, "127.0.0.1");
    await once(host, "listening");
    t.after(() => {
      for (const session of sessions) session.destroy();
      host.close();
    });
    const folder = mkdtempSync(join(tmpdir(), "troupe-checks-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    const type = "type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink";
    const check = {
      http_health_check: { path: "/", codec_client_type: "HTTP2" },
      event_log_path: one,
      event_logger: [{ name: "file", typed_config: { "@type": type, event_log_path: two } }],
    };
    const more = { transport_socket: upstreamTls({}), typed_extension_protocol_options: HTTP2 };
    const proxy = await start(t, checked((host.address() as AddressInfo).port, check, more));
    await healthy(proxy, 1);
    status = 503;
    await healthy(proxy, 0);
    assert.equal((await requestOnce(proxy.port(), {})).status, 503);
    await proxy.until("both events in both files", async () =>
      [one, two].every((path) => readFileSync(path, "utf8").includes("eject_unhealthy_event")),
    );
  });

  it("follows a gRPC check", async (t) => {
    let serving = 1;
    const host = await startHttp2Upstream(t, (stream, headers) => {
      if (headers[":path"] !== "/grpc.health.v1.Health/Check") {
        stream.respond({ ":status": 200 }, { endStream: true });
        return;
      }
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, serving]));
    });
    const check = { grpc_health_check: { service_name: "app" } };
    const proxy = await start(t, checked(host.port, check, { typed_extension_protocol_options: HTTP2 }));
    assert.equal((await requestOnce(proxy.port(), {})).status, 200);
    serving = 2;
    await healthy(proxy, 0);
    serving = 1;
    await healthy(proxy, 1);
    assert.equal(await stat(proxy, "health_check.network_failure"), 0);
  });
});
