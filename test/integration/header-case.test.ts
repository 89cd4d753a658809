import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const PROPER = { header_key_format: { proper_case_words: {} } };
const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

function preserved(more: object = {}): object {
  const type =
    "type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig";
  const name = "envoy.http.stateful_header_formatters.preserve_case";
  return { header_key_format: { stateful_formatter: { name, typed_config: { "@type": type, ...more } } } };
}

function protocolOptions(http1: object): object {
  return {
    [OPTIONS]: {
      "@type": `type.googleapis.com/${OPTIONS}`,
      explicit_http_config: { http_protocol_options: http1 },
    },
  };
}

/** What the upstream gets and the client gets for a request that has names in all kinds of case. */
async function exchange(t: TestContext, downstream: object, upstream: object, bytes = REQUEST) {
  const app = await FakeUpstream.start((seen) => {
    seen.write("HTTP/1.1 200 Very well\r\nX-From-UPSTREAM: 1\r\nContent-Length: 2\r\n\r\nok");
  });
  t.after(() => app.close());
  const cluster = sampleCluster("app", [loopback(app.port)], {
    typed_extension_protocol_options: protocolOptions(upstream),
  });
  const config = sampleBootstrap({
    listeners: [{ manager: { http_protocol_options: downstream } }],
    clusters: [cluster],
  });
  const proxy = await startTestProxy(t, { config, concurrency: 1 });
  const client = await Http1Client.connect(proxy.port());
  t.after(() => client.close());
  let answer = "";
  client.socket.prependListener("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
  });
  await client.send("GET", bytes);
  return { request: app.received, answer };
}

const REQUEST = "GET /a HTTP/1.1\r\nHost: example.test\r\nX-CamelCase: 1\r\nx-lower: 2\r\n\r\n";

describe("Names of headers", () => {
  it("are in lower case unless something else is configured", async (t) => {
    const { request, answer } = await exchange(t, {}, {});
    assert.match(request, /\r\nhost: example\.test\r\n(.*\r\n)*x-camelcase: 1\r\n/);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\nx-from-upstream: 1\r\n/);
  });

  it("are in proper case on both sides with proper_case_words", async (t) => {
    const { request, answer } = await exchange(t, PROPER, PROPER);
    for (const line of ["Host: example.test", "X-Camelcase: 1", "X-Lower: 2", "X-Forwarded-Proto: http"]) {
      assert.ok(request.includes(`\r\n${line}\r\n`), `${line} in ${request}`);
    }
    assert.doesNotMatch(request.slice(request.indexOf("\r\n")), /\r\n[a-z]/);
    assert.match(answer, /\r\nX-From-Upstream: 1\r\nContent-Length: 2\r\n/);
    assert.doesNotMatch(answer, /\r\n[a-np-z]/);
  });

  it("go on as they came, in both directions, with preserve_case", async (t) => {
    const added = { formatter_type_on_envoy_headers: "PROPER_CASE" };
    const { request, answer } = await exchange(t, preserved(added), preserved({ forward_reason_phrase: true }));
    for (const line of ["Host: example.test", "X-CamelCase: 1", "x-lower: 2", "X-Forwarded-Proto: http"]) {
      assert.ok(request.includes(`\r\n${line}\r\n`), `${line} in ${request}`);
    }
    assert.match(answer, /^HTTP\/1\.1 200 Very well\r\nX-From-UPSTREAM: 1\r\nContent-Length: 2\r\n/);
    assert.match(
      answer,
      /\r\nx-envoy-upstream-service-time: /,
      "what Envoy adds is in lower case unless it is told otherwise",
    );
  });

  for (const [kind, http1] of Object.entries({ proper_case_words: PROPER, preserve_case: preserved() })) {
    const expected =
      kind === "proper_case_words" ? "Host: app\r\nUser-Agent: Envoy/HC" : "host: app\r\nuser-agent: Envoy/HC";
    it(`are as ${kind} of the cluster has them in requests of health checks`, async (t) => {
      const app = await FakeUpstream.start((seen) => seen.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
      t.after(() => app.close());
      const check = { timeout: "2s", interval: "60s", unhealthy_threshold: 1, healthy_threshold: 1 };
      const cluster = sampleCluster("app", [loopback(app.port)], {
        typed_extension_protocol_options: protocolOptions(http1),
        health_checks: [{ ...check, http_health_check: { path: "/up" } }],
      });
      await startTestProxy(t, { config: sampleBootstrap({ clusters: [cluster] }), concurrency: 1 });
      assert.equal(app.received, `GET /up HTTP/1.1\r\n${expected}\r\n\r\n`);
    });
  }

  it("are kept in one direction only where only one side is told to", async (t) => {
    const { request, answer } = await exchange(t, preserved(), {});
    assert.match(request, /\r\nX-CamelCase: 1\r\n/);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\nx-from-upstream: 1\r\n/);
  });
});

describe("Options of HTTP/1", () => {
  it("send_fully_qualified_url puts the whole URL into upstream request lines", async (t) => {
    const { request } = await exchange(t, {}, { send_fully_qualified_url: true });
    assert.match(request, /^GET http:\/\/example\.test\/a HTTP\/1\.1\r\nhost: example\.test\r\n/);
  });

  it("allow_custom_methods lets methods pass that are not registered; they are refused otherwise", async (t) => {
    const bytes = REQUEST.replace("GET", "BREW");
    assert.match((await exchange(t, { allow_custom_methods: true }, {}, bytes)).request, /^BREW \/a /);
    const { request, answer } = await exchange(t, {}, {}, bytes);
    assert.equal(request, "");
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });
});
