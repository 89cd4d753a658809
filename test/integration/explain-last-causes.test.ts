import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { TestCa } from "../harness/certificates.ts";
import { FakeUpstream } from "../harness/fake-upstream.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { answeringChain, downstreamTls, inlineCertificate } from "../harness/tls-listener.ts";

interface Failure {
  readonly reason: string;
  readonly path: string;
}

/** What a request has to be like, and the sentence that its failure gets. */
const CAUSES: readonly (readonly [what: string, target: string, headers: Record<string, string>, says: RegExp])[] = [
  [
    "a subset without hosts",
    "/subset",
    {},
    /^no healthy host in cluster subset: 1 host: 1 healthy, but none in the subset that the request asks for \(version=v9\)$/,
  ],
  [
    "a cluster that is not there",
    "/header",
    { "x-cluster": "gone" },
    /^no cluster: there is none of the name "gone", /,
  ],
  ["a header that names no cluster", "/header?", {}, /^no cluster: the request lacks the header that is to name it$/],
  [
    "a circuit breaker",
    "/full",
    {},
    /^a circuit breaker of cluster shown_full is open \(0 of 0 requests, 0 of 0 requests of high priority\)$/,
  ],
  [
    "no host at all, of a cluster with a name for statistics",
    "/none",
    {},
    /^no healthy host in cluster shown_none: it has no hosts$/,
  ],
  [
    "a host that speaks something else",
    "/rewritten",
    {},
    /^host 127\.0\.0\.1:\d+ broke the protocol: http1\.codec_error$/,
  ],
  [
    "an unknown host",
    "/elsewhere",
    { host: "b.test" },
    /^no route: no virtual host of route configuration \S+ has this host$/,
  ],
];

describe("The reasons of failed requests", () => {
  let upstream: FakeUpstream;
  let proxy: RunningProxy;
  const chatter = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.end("this is no HTTP\r\n\r\n");
  });
  const config = (certificate: object): object => {
    const match = { filter_metadata: { "envoy.lb": { version: "v9" } } };
    const threshold = (priority: string) => ({ priority, max_requests: 0 });
    const listeners = [
      {
        manager: {
          route_config: {
            name: "routes",
            virtual_hosts: [
              {
                name: "all",
                domains: ["a.test"],
                routes: [
                  { match: { prefix: "/subset" }, route: { cluster: "subset", metadata_match: match } },
                  { match: { prefix: "/header" }, route: { cluster_header: "x-cluster" } },
                  { match: { prefix: "/rewritten" }, route: { cluster: "chatter", prefix_rewrite: "/inside" } },
                  clusterRoute("full", "/full"),
                  clusterRoute("none", "/none"),
                ],
              },
            ],
          },
        },
      },
    ];
    const clusters = [
      {
        ...sampleCluster("subset", [loopback(upstream.port)]),
        lb_subset_config: { fallback_policy: "NO_FALLBACK", subset_selectors: [{ keys: ["version"] }] },
      },
      {
        ...sampleCluster("full", [loopback(upstream.port)]),
        alt_stat_name: "shown_full",
        circuit_breakers: { thresholds: [threshold("DEFAULT"), threshold("HIGH")] },
      },
      { ...sampleCluster("none", []), alt_stat_name: "shown_none" },
      sampleCluster("chatter", [loopback((chatter.address() as net.AddressInfo).port)]),
    ];
    const secure = downstreamTls({ common_tls_context: { tls_certificates: [certificate] } });
    const bootstrap = sampleBootstrap({ listeners, clusters }) as { static_resources: { listeners: object[] } };
    const nobody = { source_prefix_ranges: [{ address_prefix: "10.0.0.0", prefix_len: 8 }] };
    bootstrap.static_resources.listeners.push(
      { name: "secure", address: loopback(0), filter_chains: [answeringChain(secure)] },
      {
        name: "far",
        address: loopback(0),
        filter_chains: [{ ...answeringChain(secure), filter_chain_match: nobody }],
      },
    );
    return bootstrap;
  };
  before(async () => {
    upstream = await FakeUpstream.start();
    chatter.listen(0, "127.0.0.1");
    await once(chatter, "listening");
    const ca = new TestCa("ca");
    proxy = await startProxy({ config: config(inlineCertificate(ca.issue({ commonName: "a.test" }))) });
  });
  after(async () => {
    chatter.close();
    await proxy?.kill();
    await upstream?.close();
  });

  const reasons = async (): Promise<readonly Failure[]> =>
    JSON.parse((await proxy.admin("/explain/last?format=json&limit=100")).body).failures;

  for (const [what, target, headers, says] of CAUSES) {
    it(`name ${what}`, async () => {
      await requestOnce(proxy.port(), { target, headers: { host: "a.test", ...headers } });
      const [newest] = await reasons();
      assert.match(newest!.reason, says);
      assert.equal(newest!.path, target === "/header?" ? "/header?…" : target);
    });
  }

  it("name a failed handshake, and a listener without a filter chain for the connection", async () => {
    for (const [listener, says] of [
      ["secure", /^the TLS handshake failed/],
      ["far", /^no filter chain/],
    ] as const) {
      const socket = net.connect(proxy.port(listener), "127.0.0.1");
      socket.on("error", () => {});
      socket.end("GET / HTTP/1.1\r\nhost: a.test\r\n\r\n");
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
      await proxy.until("its failure", async () => says.test((await reasons())[0]?.reason ?? ""));
    }
    const [far, secure] = await reasons();
    assert.equal(secure!.reason, "the TLS handshake failed: the client spoke plain HTTP (ERR_SSL_HTTP_REQUEST)");
    assert.match(
      far!.reason,
      /^no filter chain: none of the listener matches a connection from 127\.0\.0\.1 to 127\.0\.0\.1:\d+ without a server name$/,
    );
    const { body } = await proxy.admin("/explain/last?limit=1");
    assert.match(body, /^\S+ connection 0 NR filter_chain_not_found\n/);
  });
});
