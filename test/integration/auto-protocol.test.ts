import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { TestCa } from "../harness/certificates.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { upstreamTls } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const { certPem: cert, keyPem: key } = ca.issue({ commonName: "a.test", dns: ["a.test"] });
const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** A TLS server that answers with the name of its protocol, and notes what clients offered. */
interface TestHost {
  readonly port: number;
  readonly offers: string[][];
  /** Ends it and its connections. */
  stop(): Promise<void>;
}

async function startHost(t: TestContext, protocol: "h2" | "http/1.1", port = 0): Promise<TestHost> {
  const offers: string[][] = [];
  const sockets = new Set<net.Socket>();
  const ALPNCallback = ({ protocols }: { protocols: string[] }): string | undefined => {
    offers.push(protocols);
    return protocols.includes(protocol) ? protocol : undefined;
  };
  const options = { cert, key, ALPNCallback };
  const server =
    protocol === "h2"
      ? http2.createSecureServer(options, (_request, response) => response.end(protocol))
      : https.createServer(options, (_request, response) => response.end(protocol));
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.on("tlsClientError", () => {});
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.after(stop);
  return { port: (server.address() as AddressInfo).port, offers, stop };
}

async function start(t: TestContext, ports: readonly number[], tls: object = {}, more: object = {}) {
  const cluster = sampleCluster("app", ports.map(loopback), {
    transport_socket: upstreamTls(tls),
    typed_extension_protocol_options: {
      [OPTIONS]: { "@type": `type.googleapis.com/${OPTIONS}`, auto_config: {} },
    },
    ...more,
  });
  const log = {
    name: "envoy.access_loggers.stdout",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
      log_format: {
        text_format_source: { inline_string: "LOG %RESPONSE_FLAGS% %UPSTREAM_TRANSPORT_FAILURE_REASON%\n" },
      },
    },
  };
  const config = sampleBootstrap({ clusters: [cluster], listeners: [{ manager: { access_log: [log] } }] });
  return startTestProxy(t, { config, concurrency: 1 });
}

async function counts(proxy: RunningProxy, ...names: readonly string[]): Promise<Record<string, number | undefined>> {
  const stats = await proxy.stats("cluster.app.");
  return Object.fromEntries(names.map((name) => [name, stats.get(`cluster.app.${name}`)]));
}

describe("A cluster with auto_config", () => {
  it("speaks to each host what it chooses by ALPN, from the first requests on, 20 at once", async (t) => {
    const [two, one] = [await startHost(t, "h2"), await startHost(t, "http/1.1")];
    const proxy = await start(t, [two.port, one.port]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => requestOnce(proxy.port())));
    assert.deepEqual(answers.map(({ status, body }) => `${status} ${body}`).sort(), [
      ...Array(10).fill("200 h2"),
      ...Array(10).fill("200 http/1.1"),
    ]);
    // A connection that was begun for a request that another one took is kept, and may still be in its handshake.
    await proxy.until("the end of all handshakes", async () => {
      const { upstream_cx_total, upstream_cx_http1_total, upstream_cx_http2_total } = await counts(
        proxy,
        ...["upstream_cx_total", "upstream_cx_http1_total", "upstream_cx_http2_total"],
      );
      const shakenHands = two.offers.length + one.offers.length;
      return upstream_cx_total === shakenHands && upstream_cx_http1_total! + upstream_cx_http2_total! === shakenHands;
    });
    assert.deepEqual(two.offers, [["h2", "http/1.1"]], "the connection that learned the protocol carries the requests");
    assert.deepEqual(one.offers[0], ["h2", "http/1.1"]);
    assert.deepEqual(
      await counts(
        proxy,
        "upstream_cx_http2_total",
        "upstream_cx_http1_total",
        "upstream_cx_total",
        "upstream_cx_active",
      ),
      {
        upstream_cx_http2_total: 1,
        upstream_cx_http1_total: one.offers.length,
        upstream_cx_total: one.offers.length + 1,
        upstream_cx_active: one.offers.length + 1,
      },
    );
    assert.deepEqual(
      await counts(proxy, "upstream_rq_total", "upstream_rq_pending_active", "upstream_cx_connect_fail"),
      {
        upstream_rq_total: 20,
        upstream_rq_pending_active: 0,
        upstream_cx_connect_fail: 0,
      },
    );
  });

  it("offers what the TLS context says", async (t) => {
    const host = await startHost(t, "http/1.1");
    const proxy = await start(t, [host.port], { common_tls_context: { alpn_protocols: ["x", "http/1.1"] } });
    assert.equal((await requestOnce(proxy.port())).body, "http/1.1");
    assert.deepEqual(host.offers, [["x", "http/1.1"]]);
  });

  it("answers 503 with UF and the reason where a host's handshake is refused", async (t) => {
    const host = await startHost(t, "h2");
    const other = new TestCa("Another CA");
    const trust = { validation_context: { trusted_ca: { inline_string: other.certPem } } };
    const proxy = await start(t, [host.port], { common_tls_context: trust });
    assert.equal((await requestOnce(proxy.port())).status, 503);
    await proxy.waitForLog(/^LOG UF TLS_error:.*CERTIFICATE_VERIFY_FAILED/m);
    assert.deepEqual(
      await counts(
        proxy,
        "upstream_cx_total",
        "upstream_cx_connect_fail",
        "upstream_cx_http1_total",
        "upstream_cx_active",
      ),
      {
        upstream_cx_total: 1,
        upstream_cx_connect_fail: 1,
        upstream_cx_http1_total: 0,
        upstream_cx_active: 0,
      },
    );
    assert.equal((await counts(proxy, "upstream_rq_pending_failure_eject")).upstream_rq_pending_failure_eject, 1);
  });

  it("gives up a handshake after connect_timeout", async (t) => {
    const silent = net.createServer((socket) => socket.on("error", () => {}).resume());
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    t.after(() => silent.close());
    const proxy = await start(t, [(silent.address() as AddressInfo).port], {}, { connect_timeout: "0.2s" });
    assert.equal((await requestOnce(proxy.port())).status, 503);
    await proxy.waitForLog(/^LOG UF /m);
    assert.deepEqual(await counts(proxy, "upstream_cx_connect_timeout", "upstream_cx_connect_fail"), {
      upstream_cx_connect_timeout: 1,
      upstream_cx_connect_fail: 1,
    });
  });

  it("learns the protocol anew when a host comes back with another one", async (t) => {
    const host = await startHost(t, "h2");
    const proxy = await start(t, [host.port]);
    assert.equal((await requestOnce(proxy.port())).body, "h2");
    for (const protocol of ["http/1.1", "h2"] as const) {
      await host.stop();
      await proxy.until(
        "no connection",
        async () => (await counts(proxy, "upstream_cx_active")).upstream_cx_active === 0,
      );
      const next = await startHost(t, protocol, host.port);
      assert.equal((await requestOnce(proxy.port())).body, protocol);
      await next.stop();
    }
  });
});
