import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { after, before, describe, it } from "node:test";
import { TestCa } from "../harness/certificates.ts";
import { FakeUpstream, hanging } from "../harness/fake-upstream.ts";
import { loopback, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { downstreamTls, inlineCertificate, routingChain, tlsListener } from "../harness/tls-listener.ts";

/** What the tests read of JSON answers. */
type Tree = { readonly [key: string]: Tree } & readonly Tree[];

const ca = new TestCa("Test CA");

/** A filter chain over TLS that routes everything to the cluster of its name. */
function chain(name: string, match: object): object {
  const certificate = inlineCertificate(ca.issue({ commonName: "any", dns: ["*.test"] }));
  const context = { tls_certificates: [certificate], alpn_protocols: ["h2", "http/1.1"] };
  return { ...routingChain(downstreamTls({ common_tls_context: context }), name), name, filter_chain_match: match };
}

describe("Looking at connections with TLS", () => {
  let upstream: FakeUpstream;
  let proxy: RunningProxy;
  const config = (serverName: string): object => ({
    admin: { address: loopback(0) },
    static_resources: {
      listeners: [
        {
          ...tlsListener({}),
          listener_filters: [{ name: "envoy.filters.listener.tls_inspector" }],
          filter_chains: [
            chain("inside", { source_prefix_ranges: [{ address_prefix: "10.0.0.0", prefix_len: 8 }] }),
            chain("shop", { server_names: [serverName] }),
            chain("other", {}),
          ],
        },
      ],
      clusters: ["inside", "shop", "other"].map((name) => sampleCluster(name, [loopback(upstream.port)])),
    },
  });
  before(async () => {
    upstream = await FakeUpstream.start(hanging);
    proxy = await startProxy({ config: config("shop.test"), concurrency: 2, readyTimeoutMs: 30_000 });
  });
  after(async () => {
    await proxy?.kill();
    await upstream?.close();
  });

  const get = async (target: string): Promise<Tree> => JSON.parse((await proxy.admin(target)).body) as Tree;
  const explain = async (question: object): Promise<Tree> =>
    JSON.parse((await proxy.post("/explain?format=json", JSON.stringify(question))).body) as Tree;

  it("shows server name, ALPN, chain, and the bytes of a body that nobody takes", async (t) => {
    const session = http2.connect(`https://127.0.0.1:${proxy.port()}`, {
      servername: "shop.test",
      rejectUnauthorized: false,
    });
    session.on("error", () => {});
    t.after(() => session.destroy());
    const stream = session.request({ ":path": "/cart", ":method": "POST", ":authority": "shop.test" });
    stream.on("error", () => {});
    stream.write("some of a body");
    await once(session, "remoteSettings");
    // Its head is there before its body, and a host is chosen and connected to a little later.
    await proxy.until("the stream with its body and host", async () => {
      const [row] = (await get("/streams?format=json")).streams as readonly Tree[];
      return Number(row?.bytes_received) > 0 && String(row?.host) === upstream.address;
    });
    const { connections } = await get("/connections?format=json&server_name=shop.test&alpn=h2");
    assert.equal(connections!.length, 1);
    const { server_name, alpn, tls_version, filter_chain, protocol, active_streams, peer } = connections![0]!;
    assert.deepEqual({ server_name, alpn, tls_version, filter_chain, protocol, active_streams } as unknown, {
      server_name: "shop.test",
      alpn: "h2",
      tls_version: "TLSv1.3",
      filter_chain: "shop",
      protocol: "HTTP/2",
      active_streams: 1,
    });
    assert.equal(String(peer), `127.0.0.1:${session.socket.localPort}`);
    const [row] = (await get("/streams?format=json")).streams as readonly Tree[];
    const { connection_id, cluster, host, request_complete, bytes_received, buffered_bytes } = row!;
    assert.deepEqual([connection_id, cluster, request_complete, bytes_received] as unknown, [
      connections![0]!.id,
      "shop",
      false,
      "some of a body".length,
    ]);
    assert.equal(String(host), upstream.address);
    assert.ok(Number(buffered_bytes) >= 0);
    assert.equal(Number((await get("/connections?format=json&server_name=other.test")).matched), 0);
  });

  const asked = [
    { sni: "shop.test", source: "192.0.2.1", takes: "shop" },
    { sni: "SHOP.test", source: "192.0.2.1:5000", takes: "shop" },
    { sni: "new.test", source: "192.0.2.1", takes: "other" },
    { sni: "shop.test", source: "10.1.2.3", takes: "shop" },
    { sni: "elsewhere.test", source: "10.1.2.3", takes: "inside" },
  ];
  for (const { sni, source, takes } of asked) {
    it(`says that ${sni} from ${source} gets the chain ${takes}`, async () => {
      const { filter_chain, outcome } = await explain({ sni, source, authority: sni, path: "/" });
      assert.equal(String(filter_chain!.name), takes);
      assert.equal(String(outcome!.cluster!.name), takes);
    });
  }

  it("says so of a proposed configuration, too", async () => {
    const question = { sni: "new.test", source: "192.0.2.1", authority: "new.test", path: "/" };
    const proposed = await explain({ ...question, config: JSON.stringify(config("new.test")) });
    assert.equal(String(proposed.filter_chain!.name), "shop");
    assert.equal(Boolean(proposed.proposed), true);
    assert.equal(String((await explain(question)).filter_chain!.name), "other");
  });
});
