import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { before, describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { type Issued, TestCa } from "../harness/certificates.ts";
import { loopback, sampleCluster } from "../harness/sample-bootstrap.ts";
import { startProxy } from "../harness/start-proxy.ts";
import { TcpPeer, TcpUpstream } from "../harness/tcp-peer.ts";
import { downstreamTls, inlineCertificate, tlsListener, upstreamTls } from "../harness/tls-listener.ts";

const FILTERS = "type.googleapis.com/envoy.extensions.filters.network";
const MEBI = 1024 * 1024;
const proxyFilter = {
  name: "envoy.filters.network.tcp_proxy",
  typed_config: { "@type": `${FILTERS}.tcp_proxy.v3.TcpProxy`, stat_prefix: "in", cluster: "app" },
};

/** Lets only these principals in. */
function rbac(principal: object, action = "ALLOW"): object {
  const policies = { p: { permissions: [{ any: true }], principals: [principal] } };
  const typed_config = { "@type": `${FILTERS}.rbac.v3.RBAC`, stat_prefix: "in", rules: { action, policies } };
  return { name: "envoy.filters.network.rbac", typed_config };
}

const uri = (exact: string) => ({ authenticated: { principal_name: { exact } } });

describe("Network filters behind TLS", () => {
  let ca: TestCa;
  let server: Issued;
  let ada: Issued;
  let bob: Issued;

  before(() => {
    ca = new TestCa("test ca");
    server = ca.issue({ commonName: "server", dns: ["a.test"] });
    ada = ca.issue({ commonName: "ada", uri: ["spiffe://test/ada"] });
    bob = ca.issue({ commonName: "bob", uri: ["spiffe://test/bob"], dns: ["bob.test"] });
  });

  async function start(t: TestContext, filters: readonly object[]) {
    const upstream = await TcpUpstream.start();
    upstream.onConnection((peer) => peer.socket.pipe(peer.socket));
    const transportSocket = downstreamTls({
      common_tls_context: {
        tls_certificates: [inlineCertificate(server)],
        validation_context: { trusted_ca: { inline_string: ca.certPem } },
      },
    });
    const named = await TcpUpstream.start();
    named.onConnection((peer) => peer.write("the cluster named.test"));
    const clusters = [
      sampleCluster("app", [loopback(upstream.port)]),
      sampleCluster("named.test", [loopback(named.port)]),
    ];
    const listeners = [tlsListener({ transport_socket: transportSocket, filters })];
    const proxy = await startProxy({ config: { static_resources: { listeners, clusters } } });
    t.after(async () => {
      await proxy.kill();
      await Promise.all([upstream.close(), named.close()]);
    });
    const connect = async (identity: Issued | null, servername = ""): Promise<TcpPeer> => {
      const more = identity === null ? {} : { cert: identity.certPem, key: identity.keyPem };
      const socket = tls.connect({
        port: proxy.port(),
        host: "127.0.0.1",
        rejectUnauthorized: false,
        servername,
        ...more,
      });
      t.after(() => socket.destroy());
      await once(socket, "secureConnect");
      return new TcpPeer(socket);
    };
    return { proxy, upstream, connect };
  }

  it("move bytes of a TLS client to a plain server and back, unchanged, with the client's end", async (t) => {
    const { connect } = await start(t, [proxyFilter]);
    const client = await connect(null);
    const sent = Buffer.alloc(8 * MEBI, "these bytes go through TLS, ");
    client.write(sent);
    client.end();
    await client.untilEnded();
    assert.ok(client.bytes.equals(sent));
  });

  it("know clients by the names in their certificates", async (t) => {
    const { connect, proxy } = await start(t, [rbac(uri("spiffe://test/ada")), proxyFilter]);
    const welcome = await connect(ada);
    welcome.write("hello");
    await welcome.untilText("hello");
    for (const identity of [bob, null]) {
      const refused = await connect(identity);
      refused.write("hello");
      await refused.untilGone();
      assert.equal(refused.text, "");
    }
    await proxy.until("the counts", async () => {
      const stats = await proxy.stats("in.rbac");
      return stats.get("in.rbac.allowed") === 1 && stats.get("in.rbac.denied") === 2;
    });
  });

  it("deny clients by a DNS name or a subject, too", async (t) => {
    for (const name of ["bob.test", "CN=bob"]) {
      const { connect } = await start(t, [rbac(uri(name), "DENY"), proxyFilter]);
      const welcome = await connect(ada);
      welcome.write("hello");
      await welcome.untilText("hello");
      const refused = await connect(bob);
      refused.write("hello");
      await refused.untilGone();
      assert.equal(refused.text, "", name);
    }
  });

  it("choose the cluster by the server name that the client asks for", async (t) => {
    const sni = {
      name: "envoy.filters.network.sni_cluster",
      typed_config: { "@type": `${FILTERS}.sni_cluster.v3.SniCluster` },
    };
    const { connect } = await start(t, [sni, proxyFilter]);
    const named = await connect(null, "named.test");
    await named.untilText("the cluster named.test");
    const other = await connect(null, "nobody.test");
    await other.untilGone();
    assert.equal(other.text, "");
    const plain = await connect(null);
    plain.write("echo");
    await plain.untilText("echo");
  });

  it("end the client's connection when the server resets, and go on serving others", async (t) => {
    const { connect, upstream } = await start(t, [proxyFilter]);
    const cut = await connect(null);
    cut.write("hello");
    await cut.untilText("hello");
    upstream.connections[0]?.reset();
    await cut.untilClosed();
    const next = await connect(null);
    next.write("still here");
    await next.untilText("still here");
  });

  it("move bytes of a plain client to a TLS server and back, unchanged, with the client's end", async (t) => {
    const echo = tls.createServer({ cert: server.certPem, key: server.keyPem, allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      socket.pipe(socket);
    });
    echo.listen(0, "127.0.0.1");
    await once(echo, "listening");
    const { port } = echo.address() as AddressInfo;
    const transport_socket = upstreamTls({
      common_tls_context: { validation_context: { trusted_ca: { inline_string: ca.certPem } } },
    });
    const clusters = [sampleCluster("app", [loopback(port)], { transport_socket })];
    const listeners = [{ name: "tcp", address: loopback(0), filter_chains: [{ filters: [proxyFilter] }] }];
    const proxy = await startProxy({ config: { static_resources: { listeners, clusters } } });
    t.after(async () => {
      await proxy.kill();
      echo.close();
    });
    const client = await TcpPeer.connect(proxy.port());
    t.after(() => client.destroy());
    const sent = Buffer.alloc(8 * MEBI, "these bytes go through TLS, ");
    client.write(sent);
    client.end();
    await client.untilEnded();
    assert.ok(client.bytes.equals(sent), `${client.bytes.length} bytes came back`);
  });
});
