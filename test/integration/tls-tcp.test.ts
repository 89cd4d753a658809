import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { TestCa } from "../harness/certificates.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { downstreamTls, inlineCertificate, tlsListener, upstreamTls } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "server", dns: ["a.test"] });
const BODY = Buffer.alloc(8 * 1024 * 1024, "0123456789abcdef");

/** A server that sends back all that it got when its client has ended, over TLS or not. */
async function startEcho(t: TestContext, secure: boolean): Promise<number> {
  const serve = (socket: net.Socket): void => {
    const parts: Buffer[] = [];
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => parts.push(data));
    socket.on("end", () => socket.end(Buffer.concat(parts)));
  };
  const options = { cert: server.certPem, key: server.keyPem, allowHalfOpen: true };
  const echo = secure ? tls.createServer(options, serve) : net.createServer({ allowHalfOpen: true }, serve);
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  t.after(() => echo.close());
  return (echo.address() as AddressInfo).port;
}

describe("A TCP proxy with TLS", () => {
  for (const [name, secureUpstream] of [
    ["towards clients", false],
    ["on both sides", true],
  ] as const) {
    it(`${name} carries bytes with back-pressure and the end of each direction`, async (t) => {
      const port = await startEcho(t, secureUpstream);
      const chain = {
        transport_socket: downstreamTls({ common_tls_context: { tls_certificates: [inlineCertificate(server)] } }),
        filters: [
          {
            name: "envoy.filters.network.tcp_proxy",
            typed_config: {
              "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
              stat_prefix: "tcp",
              cluster: "up",
            },
          },
        ],
      };
      const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
      const up = {
        name: "up",
        load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints: [{ endpoint }] }] },
        ...(secureUpstream && { transport_socket: upstreamTls({}) }),
      };
      const proxy = await startTestProxy(t, {
        config: { static_resources: { listeners: [tlsListener(chain)], clusters: [up] } },
      });
      const options = { host: "127.0.0.1", port: proxy.port(), rejectUnauthorized: false, allowHalfOpen: true };
      const client = tls.connect(options);
      const parts: Buffer[] = [];
      client.on("data", (data: Buffer) => parts.push(data));
      await once(client, "secureConnect");
      client.end(BODY);
      await once(client, "end");
      assert.ok(Buffer.concat(parts).equals(BODY));
      await proxy.until("the connection to be gone", async () => {
        const stats = await proxy.stats();
        return stats.get("listener.tls.downstream_cx_active") === 0 && stats.get("cluster.up.upstream_cx_active") === 0;
      });
    });
  }
});
