import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestCa } from "../harness/certificates.ts";
import { answerRoute, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { TcpPeer } from "../harness/tcp-peer.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { tlsExchange } from "../harness/tls-client.ts";
import { answeringChain, downstreamTls, inlineCertificate, tlsListener } from "../harness/tls-listener.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.listener";
const REQUEST = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
const signature = Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]);

function fileLog(format: string): object[] {
  const config = {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
    path: "/dev/stdout",
    log_format: { text_format_source: { inline_string: `${format}\n` } },
  };
  return [{ name: "envoy.access_loggers.file", typed_config: config }];
}

/** Sends bytes on a connection of their own and resolves with all that came until it closed. */
async function exchange(port: number, ...pieces: (string | Buffer)[]): Promise<string> {
  const peer = await TcpPeer.connect(port);
  for (const piece of pieces) peer.write(piece);
  await peer.untilGone();
  peer.destroy();
  return peer.text;
}

describe("Listener filters of a proxy", () => {
  it("proxy_protocol: both versions set the addresses, HTTP streams see its filter state, and others are closed", async (t) => {
    const filter = {
      name: "envoy.filters.listener.proxy_protocol",
      typed_config: {
        "@type": `${TYPE}.proxy_protocol.v3.ProxyProtocol`,
        rules: [{ tlv_type: 0xea, on_tlv_present: { key: "vpc" } }],
        pass_through_tlvs: { match_type: "INCLUDE", tlv_type: [0xea] },
      },
    };
    const manager = {
      access_log: fileLog(
        "line %DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_ADDRESS% %FILTER_STATE(envoy.network.proxy_protocol_options:TYPED):40%",
      ),
    };
    const listeners = [{ routes: [answerRoute("hello")], manager, more: { listener_filters: [filter] } }];
    const proxy = await startTestProxy(t, { config: sampleBootstrap({ listeners }) });
    const port = proxy.port("ingress");
    assert.match(await exchange(port, `PROXY TCP4 1.2.3.4 5.6.7.8 1000 443\r\n${REQUEST}`), /^HTTP\/1\.1 200 OK/);
    await proxy.waitForLog(/line 1\.2\.3\.4:1000 127\.0\.0\.1 5\.6\.7\.8:443 \{"source":/);
    const body = Buffer.from([10, 0, 0, 1, 10, 0, 0, 2, 0, 7, 0, 80, 0xea, 0, 2, 0x68, 0x69]);
    const header = Buffer.concat([signature, Buffer.from([0x21, 0x11, 0, body.length]), body]);
    assert.match(await exchange(port, header.subarray(0, 14), header.subarray(14), REQUEST), /^HTTP\/1\.1 200 OK/);
    await proxy.waitForLog(/line 10\.0\.0\.1:7 127\.0\.0\.1 10\.0\.0\.2:80 /);
    assert.equal(await exchange(port, REQUEST), "");
    assert.equal(await exchange(port, "PROXY TCP4 1.2.3.4\r\n"), "");
    const stats = await proxy.stats("proxy_proto");
    const value = (name: string) => stats.get(`proxy_proto.${name}`);
    assert.deepEqual(
      ["versions.v1.found", "versions.v1.error", "versions.v2.found", "not_found_disallowed"].map(value),
      [1, 1, 1, 1],
    );
  });

  it("use_original_dst: a listener without sockets gets the connections to its address", async (t) => {
    const filter = {
      name: "envoy.filters.listener.proxy_protocol",
      typed_config: { "@type": `${TYPE}.proxy_protocol.v3.ProxyProtocol` },
    };
    const listeners = [
      {
        name: "front",
        routes: [answerRoute("front")],
        more: {
          use_original_dst: true,
          listener_filters: [filter],
          access_log: fileLog("front %DOWNSTREAM_REMOTE_ADDRESS% %ACCESS_LOG_TYPE%"),
        },
      },
      {
        name: "inner",
        address: { socket_address: { address: "10.9.8.7", port_value: 80 } },
        routes: [answerRoute("inner")],
        more: { bind_to_port: false },
      },
    ];
    const proxy = await startTestProxy(t, { config: sampleBootstrap({ listeners }) });
    const to = (address: string) => exchange(proxy.port("front"), `PROXY TCP4 1.2.3.4 ${address} 9 80\r\n${REQUEST}`);
    assert.match(await to("10.9.8.7"), /inner$/);
    assert.match(await to("10.9.8.6"), /front$/);
    await proxy.waitForLog(/^front 1\.2\.3\.4:9 TcpConnectionEnd$/m);
  });

  it("tls_inspector: the fingerprints of a TLS client are in the access log; local_ratelimit closes what is too much", async (t) => {
    const ca = new TestCa("Test CA");
    const certificate = inlineCertificate(ca.issue({ commonName: "a.test", dns: ["a.test"] }));
    const socket = downstreamTls({ common_tls_context: { tls_certificates: [certificate] } });
    const chain = answeringChain(socket, {
      access_log: fileLog("prints %TLS_JA3_FINGERPRINT% %TLS_JA4_FINGERPRINT%"),
    });
    const filters = [
      {
        name: "envoy.filters.listener.local_ratelimit",
        typed_config: {
          "@type": `${TYPE}.local_ratelimit.v3.LocalRateLimit`,
          stat_prefix: "few",
          token_bucket: { max_tokens: 1, fill_interval: "3600s" },
        },
      },
      {
        name: "envoy.filters.listener.tls_inspector",
        typed_config: { "@type": `${TYPE}.tls_inspector.v3.TlsInspector`, enable_ja3_fingerprinting: true },
      },
    ];
    const listener = { ...tlsListener({}), listener_filters: filters, filter_chains: [chain] };
    const proxy = await startTestProxy(t, { config: { static_resources: { listeners: [listener] } }, concurrency: 2 });
    const { error } = await tlsExchange({ port: proxy.port(), servername: "a.test" });
    assert.equal(error, "");
    await proxy.waitForLog(/prints [0-9a-f]{32} t1[23]d\d{4}\w\w_[0-9a-f]{12}_[0-9a-f]{12}/);
    assert.notEqual((await tlsExchange({ port: proxy.port(), servername: "a.test" })).error, "");
    assert.equal((await proxy.stats("few")).get("listener_local_ratelimit.few.rate_limited"), 1);
  });
});
