import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import http2 from "node:http2";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { type Issued, TestCa } from "../harness/certificates.ts";
import { requestOnce } from "../harness/http1-client.ts";
import type { RunningProxy, StartProxyOptions } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { inlineCertificate, routingChain, tlsListener, upstreamTls } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "server", dns: ["server.test"] });
const client = ca.issue({ commonName: "client" });

/** What an upstream saw of one connection. */
interface Seen {
  readonly serverName: string | false | null;
  readonly alpn: string | false | null;
  readonly version: string | null;
  readonly reused: boolean;
  readonly client: string | undefined;
}

/** A TLS server that answers each request with 200; `close: true` ends each connection after its first one. */
async function startUpstream(t: TestContext, options: tls.TlsOptions = {}, { close = false } = {}) {
  const seen: Seen[] = [];
  const upstream = tls.createServer({ cert: server.certPem, key: server.keyPem, ...options }, (socket) => {
    seen.push({
      serverName: (socket as unknown as { servername: string | false }).servername,
      alpn: socket.alpnProtocol,
      version: socket.getProtocol(),
      reused: socket.isSessionReused(),
      client: socket.getPeerX509Certificate()?.subject,
    });
    socket.on("error", () => {});
    socket.on("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n${close ? "connection: close\r\n" : ""}\r\nok`);
      if (close) socket.end();
    });
  });
  upstream.on("tlsClientError", () => {});
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.after(() => upstream.close());
  return { port: (upstream.address() as AddressInfo).port, seen, upstream };
}

function cluster(port: number, context: object): object {
  return {
    name: "up",
    transport_socket: upstreamTls(context),
    load_assignment: {
      cluster_name: "up",
      endpoints: [
        {
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } }],
        },
      ],
    },
  };
}

function config(port: number, context: object): object {
  const log = {
    name: "envoy.access_loggers.stdout",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
      log_format: {
        text_format_source: { inline_string: "LOG %RESPONSE_FLAGS% %UPSTREAM_TRANSPORT_FAILURE_REASON%\n" },
      },
    },
  };
  return {
    static_resources: {
      listeners: [tlsListener(routingChain(null, "up", { access_log: [log] }))],
      clusters: [cluster(port, context)],
    },
  };
}

async function start(t: TestContext, port: number, context: object, options: Partial<StartProxyOptions> = {}) {
  return startTestProxy(t, { config: config(port, context), ...options });
}

async function statusOf(proxy: RunningProxy): Promise<number> {
  return (await requestOnce(proxy.port())).status;
}

async function sslStats(proxy: RunningProxy): Promise<Record<string, number>> {
  const stats = await proxy.stats("cluster\\.up\\.ssl");
  return Object.fromEntries(
    [...stats].filter(([, n]) => n > 0).map(([name, n]) => [name.slice("cluster.up.ssl.".length), n]),
  );
}

const trusted_ca = { inline_string: ca.certPem };

describe("A TLS cluster", () => {
  it("connects with Envoy's defaults: TLS 1.2, no server name, HTTP/1.1 offered, and counts it", async (t) => {
    const { port, seen } = await startUpstream(t, { ALPNProtocols: ["h2", "http/1.1"] });
    const proxy = await start(t, port, {});
    assert.equal(await statusOf(proxy), 200);
    assert.deepEqual(seen, [
      { serverName: false, alpn: "http/1.1", version: "TLSv1.2", reused: false, client: undefined },
    ]);
    assert.deepEqual(await sslStats(proxy), {
      handshake: 1,
      "ciphers.ECDHE-ECDSA-AES128-GCM-SHA256": 1,
      "curves.X25519": 1,
      "versions.TLSv1.2": 1,
    });
  });

  it("sends the configured name, version, protocols and certificate", async (t) => {
    const { port, seen } = await startUpstream(t, {
      ALPNProtocols: ["custom"],
      requestCert: true,
      rejectUnauthorized: true,
      ca: ca.certPem,
    });
    const proxy = await start(t, port, {
      sni: "server.test",
      common_tls_context: {
        tls_params: { tls_maximum_protocol_version: "TLSv1_3" },
        tls_certificates: [inlineCertificate(client)],
        alpn_protocols: ["custom"],
        validation_context: {
          trusted_ca,
          match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "server.test" } }],
        },
      },
    });
    assert.equal(await statusOf(proxy), 200);
    assert.deepEqual(seen, [
      { serverName: "server.test", alpn: "custom", version: "TLSv1.3", reused: false, client: "CN=client" },
    ]);
  });

  it("carries HTTP/2, which it offers by itself", async (t) => {
    const upstream = http2.createSecureServer({ cert: server.certPem, key: server.keyPem }, (request, response) => {
      response.end(`${request.httpVersion} ${(request.socket as tls.TLSSocket).alpnProtocol}`);
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    t.after(() => upstream.close());
    const { port } = upstream.address() as AddressInfo;
    const plain = cluster(port, { common_tls_context: { validation_context: { trusted_ca } } });
    const options = {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    };
    const proxy = await startTestProxy(t, {
      config: {
        static_resources: {
          listeners: [tlsListener(routingChain(null, "up"))],
          clusters: [{ ...plain, typed_extension_protocol_options: options }],
        },
      },
    });
    const answer = await requestOnce(proxy.port());
    assert.equal(`${answer.status} ${answer.body}`, "200 2.0 h2");
  });

  it("keeps connections, and resumes sessions on new ones", async (t) => {
    for (const tls_maximum_protocol_version of ["TLSv1_2", "TLSv1_3"]) {
      const { port, seen } = await startUpstream(t, {}, { close: true });
      // A session of TLS 1.3 serves once, and this server sends two with a full handshake and none with a resumed one.
      const context = { common_tls_context: { tls_params: { tls_maximum_protocol_version } }, max_session_keys: 2 };
      const proxy = await start(t, port, context);
      for (let i = 0; i < 3; i++) assert.equal(await statusOf(proxy), 200);
      assert.deepEqual(
        seen.map(({ reused }) => reused),
        [false, true, true],
        tls_maximum_protocol_version,
      );
      assert.equal((await sslStats(proxy)).session_reused, 2);
    }
  });

  it("resumes nothing with max_session_keys 0", async (t) => {
    const { port, seen } = await startUpstream(t, {}, { close: true });
    const proxy = await start(t, port, { max_session_keys: 0 });
    for (let i = 0; i < 2; i++) assert.equal(await statusOf(proxy), 200);
    assert.deepEqual(
      seen.map(({ reused }) => reused),
      [false, false],
    );
  });

  const stranger = new TestCa("Other CA").issue({ commonName: "stranger", dns: ["server.test"] });
  const expired = ca.issue({ commonName: "expired", dns: ["server.test"], validFromDays: -9, validToDays: -1 });
  const dns = (exact: string) => ({ match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact } }] });
  const matrix: readonly {
    readonly what: string;
    readonly certificate: Issued;
    readonly validation: object;
    readonly counts: string | null;
    readonly reason?: RegExp;
  }[] = [
    { what: "trusted", certificate: server, validation: { trusted_ca }, counts: null },
    {
      what: "of another CA",
      certificate: stranger,
      validation: { trusted_ca },
      counts: "fail_verify_error",
      reason: /CERTIFICATE_VERIFY_FAILED:verify cert failed: X509_verify_cert: .+:TLS_error_end/,
    },
    {
      what: "expired",
      certificate: expired,
      validation: { trusted_ca },
      counts: "fail_verify_error",
      reason: /CERT_HAS_EXPIRED/,
    },
    { what: "as deep as may be", certificate: server, validation: { trusted_ca, max_verify_depth: 1 }, counts: null },
    {
      what: "deeper than may be",
      certificate: server,
      validation: { trusted_ca, max_verify_depth: 0 },
      counts: "fail_verify_error",
      reason: /CERT_CHAIN_TOO_LONG/,
    },
    {
      what: "of the expected name",
      certificate: server,
      validation: { trusted_ca, ...dns("server.test") },
      counts: null,
    },
    {
      what: "of another name",
      certificate: server,
      validation: { trusted_ca, ...dns("other.test") },
      counts: "fail_verify_san",
      reason: /SAN matcher, certificate SANs are \[dns:server\.test\]/,
    },
    { what: "pinned", certificate: stranger, validation: { verify_certificate_spki: [stranger.spki] }, counts: null },
    {
      what: "not the pinned one",
      certificate: stranger,
      validation: { verify_certificate_hash: [server.hash] },
      counts: "fail_verify_cert_hash",
      reason: /cert hash and spki/,
    },
    { what: "unverified without a validation context", certificate: stranger, validation: {}, counts: null },
  ];

  it("judges servers, and answers 503 with UF and the reason for those it refuses", async (t) => {
    for (const { what, certificate, validation, counts, reason } of matrix) {
      const { port } = await startUpstream(t, { cert: certificate.certPem, key: certificate.keyPem });
      const validation_context = Object.keys(validation).length === 0 ? {} : { validation_context: validation };
      const proxy = await start(t, port, { common_tls_context: validation_context });
      assert.equal(await statusOf(proxy), counts === null ? 200 : 503, what);
      const counted = Object.entries(await sslStats(proxy)).filter(([name]) => name.startsWith("fail_"));
      assert.deepEqual(counted, counts === null ? [] : [[counts, 1]], what);
      if (reason === undefined) continue;
      await proxy.waitForLog(/^LOG UF .+\n/m);
      assert.match(/^LOG UF (.+)$/m.exec(proxy.logs)![1]!, reason, what);
      assert.equal((await proxy.stats()).get("cluster.up.upstream_cx_connect_fail"), 1, what);
    }
  });

  it("says why a handshake failed, and how long it may take", async (t) => {
    const plain = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.end("SSH-2.0-x\r\n");
    });
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    t.after(() => plain.close());
    const proxy = await start(t, (plain.address() as AddressInfo).port, {});
    assert.equal(await statusOf(proxy), 503);
    await proxy.waitForLog(/^LOG UF TLS_error:\|SSL routines:OPENSSL_internal:\w+:TLS_error_end$/m);
    assert.equal((await sslStats(proxy)).connection_error, 1);
  });

  it("gives each host the transport socket that its metadata asks for", async (t) => {
    const secure = await startUpstream(t, {}, { close: true });
    const plain = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 201 Created\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
    });
    plain.listen(0, "127.0.0.1");
    await once(plain, "listening");
    t.after(() => plain.close());
    const endpoint = (port: number, metadata: object) => ({
      endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
      metadata: { filter_metadata: metadata },
    });
    const lb_endpoints = [
      endpoint(secure.port, { "envoy.transport_socket_match": { tls: true, other: 1 } }),
      endpoint((plain.address() as AddressInfo).port, { "envoy.transport_socket_match": { tls: false } }),
    ];
    const up = {
      name: "up",
      transport_socket_matches: [
        { name: "secure", match: { tls: true }, transport_socket: upstreamTls({ sni: "matched.test" }) },
        { name: "plain", match: {}, transport_socket: { name: "envoy.transport_sockets.raw_buffer" } },
      ],
      transport_socket: upstreamTls({ sni: "unmatched.test" }),
      load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints }] },
    };
    const listeners = [tlsListener(routingChain(null, "up"))];
    const proxy = await startTestProxy(t, { config: { static_resources: { listeners, clusters: [up] } } });
    const statuses = [await statusOf(proxy), await statusOf(proxy)];
    assert.deepEqual(statuses.sort(), [200, 201]);
    assert.deepEqual(
      secure.seen.map(({ serverName }) => serverName),
      ["matched.test"],
    );
  });

  it("uses another certificate from the next connection on when its file changes", async (t) => {
    const { port, seen } = await startUpstream(t, { requestCert: true, rejectUnauthorized: false }, { close: true });
    const folder = (await start(t, port, {})).folder;
    const write = ({ certPem, keyPem }: Issued): void => {
      writeFileSync(path.join(folder, "cert.pem"), certPem);
      writeFileSync(path.join(folder, "key.pem"), keyPem);
    };
    write(client);
    const certificate = {
      certificate_chain: { filename: path.join(folder, "cert.pem") },
      private_key: { filename: path.join(folder, "key.pem") },
    };
    const context = { max_session_keys: 0, common_tls_context: { tls_certificates: [certificate] } };
    const proxy = await start(t, port, context, { watch: true });
    assert.equal(await statusOf(proxy), 200);
    assert.equal(seen.at(-1)?.client, "CN=client");
    write(ca.issue({ commonName: "next" }));
    await proxy.until("the other certificate", async () => {
      assert.equal(await statusOf(proxy), 200);
      return seen.at(-1)?.client === "CN=next";
    });
  });
});
