import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestCa } from "../harness/certificates.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { tlsExchange } from "../harness/tls-client.ts";
import { answeringChain, downstreamTls, inlineCertificate, tlsListener } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");

describe("filter_chain_match over TLS", () => {
  it("gives each client the chain and the certificate of the server that it asks for", async (t) => {
    const chain = (name: string, match: object) => {
      const certificate = inlineCertificate(ca.issue({ commonName: name, dns: [name] }));
      const socket = downstreamTls({ common_tls_context: { tls_certificates: [certificate] } });
      return { ...answeringChain(socket, {}, `this is ${name}`), filter_chain_match: match };
    };
    const { transport_socket: _, ...plain } = { ...answeringChain({}, {}, "this is plain") } as Record<string, unknown>;
    const listener = {
      ...tlsListener({}),
      listener_filters: [{ name: "envoy.filters.listener.tls_inspector" }],
      filter_chains: [
        chain("a.test", { server_names: ["a.test"] }),
        chain("x.b.test", { server_names: ["*.b.test"] }),
        { ...plain, filter_chain_match: { transport_protocol: "raw_buffer" } },
      ],
    };
    const proxy = await startTestProxy(t, { config: { static_resources: { listeners: [listener] } }, concurrency: 1 });
    for (const servername of ["a.test", "x.b.test"]) {
      const { response, server } = await tlsExchange({ port: proxy.port(), servername });
      assert.match(response, new RegExp(`this is ${servername}$`));
      assert.equal(server, servername);
    }
    assert.equal((await requestOnce(proxy.port())).body, "this is plain");
    const refused = await tlsExchange({ port: proxy.port(), servername: "c.test" });
    assert.equal(refused.response, "");
    assert.notEqual(refused.error, "");
    assert.equal((await proxy.stats("no_filter_chain_match")).get("listener.tls.no_filter_chain_match"), 1);
    const stats = await proxy.stats("tls_inspector");
    assert.equal(stats.get("tls_inspector.tls_found"), 3);
    assert.equal(stats.get("tls_inspector.tls_not_found"), 1);
  });
});
