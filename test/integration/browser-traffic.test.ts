import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { startBrowser } from "../harness/browser.ts";
import { TestCa } from "../harness/certificates.ts";
import { loopback, sampleCluster } from "../harness/sample-bootstrap.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { downstreamTls, inlineCertificate, routingChain, tlsListener } from "../harness/tls-listener.ts";

const IMAGES = 60;
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

describe("A browser before the proxy", () => {
  it("loads a page with many parts over HTTPS and HTTP/2, on a connection or two, and posts a form", async (t) => {
    /** Ports that requests came from, by the header that the proxy adds. */
    const clientPorts = new Set<unknown>();
    const upstream = createServer((request, response) => {
      clientPorts.add(request.headers["x-client-port"]);
      if (request.method === "POST") {
        void request.toArray().then((body) => response.end(`got ${Buffer.concat(body).length} bytes`));
      } else if (request.url?.startsWith("/image") === true) {
        response.writeHead(200, { "content-type": "image/gif" }).end(PIXEL);
      } else {
        const images = Array.from({ length: IMAGES }, (_, i) => `<img src="/image${i}.gif">`).join("");
        response.writeHead(200, { "content-type": "text/html", "set-cookie": "seen=1" });
        response.end(`<!doctype html><title>through the proxy</title><link rel="icon" href="data:,">${images}`);
      }
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    t.after(() => upstream.close());
    t.after(() => upstream.closeAllConnections());
    const certificate = new TestCa("Test CA").issue({ commonName: "localhost", dns: ["localhost"] });
    const common = { tls_certificates: [inlineCertificate(certificate)], alpn_protocols: ["h2", "http/1.1"] };
    const port = (upstream.address() as AddressInfo).port;
    const request_headers_to_add = [{ header: { key: "x-client-port", value: "%DOWNSTREAM_REMOTE_PORT%" } }];
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app" } }];
    const route_config = { virtual_hosts: [{ name: "all", domains: ["*"], request_headers_to_add, routes }] };
    const proxy = await startTestProxy(t, {
      config: {
        static_resources: {
          listeners: [
            tlsListener(routingChain(downstreamTls({ common_tls_context: common }), "app", { route_config })),
          ],
          clusters: [sampleCluster("app", [loopback(port)])],
        },
      },
      concurrency: 2,
    });
    const browser = await startBrowser();
    t.after(() => browser.close());

    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const failed: string[] = [];
    page.on("requestfailed", (request) => failed.push(`${request.url()}: ${request.failure()?.errorText}`));
    await page.goto(`https://localhost:${proxy.port()}/`, { waitUntil: "load" });
    assert.equal(await page.title(), "through the proxy");
    const protocols = await page.evaluate(
      "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => entry.nextHopProtocol)",
    );
    assert.deepEqual(
      protocols,
      Array.from({ length: IMAGES + 1 }, () => "h2"),
    );
    const posted = await page.evaluate(
      "fetch('/form', { method: 'POST', body: 'x'.repeat(300000) }).then((r) => r.text())",
    );
    assert.equal(posted, "got 300000 bytes");
    assert.deepEqual(failed, []);
    const stats = await proxy.stats("^http\\.tls\\.downstream_rq_2xx$");
    assert.equal(stats.get("http.tls.downstream_rq_2xx"), IMAGES + 2);
    // Browsers open more than one before they know what the first one speaks, and give up those that they don't need.
    assert.ok(clientPorts.size <= 2, `requests on ${clientPorts.size} connections`);
  });
});
