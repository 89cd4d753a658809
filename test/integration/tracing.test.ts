import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { freePort } from "../harness/free-port.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { HttpCollector, OtlpGrpcCollector } from "../harness/otlp-collectors.ts";
import type { ReceivedSpan } from "../harness/otlp-reader.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind: string;
  readonly name: string;
  readonly shared?: boolean;
  readonly localEndpoint: { readonly serviceName: string };
}

async function upstream(t: TestContext): Promise<FakeUpstream> {
  const server = await FakeUpstream.start(answering("ok"));
  t.after(() => server.close());
  return server;
}

/** Asks a proxy, and returns the headers that the server behind it got. */
async function ask(t: TestContext, proxy: RunningProxy, server: FakeUpstream, headers: Record<string, string> = {}) {
  const client = await Http1Client.connect(proxy.port("front"));
  t.after(() => client.close());
  const response = await client.request({ target: "/cart", headers: { host: "shop.example.com", ...headers } });
  assert.equal(response.status, 200);
  const text = server.connections.findLast(() => true)!.received.toString("latin1");
  const head = text.slice(text.lastIndexOf("GET "));
  return (name: string) => new RegExp(`\r\n${name}: ([^\r]*)\r\n`, "i").exec(head)?.[1];
}

/** A proxy that sends its spans to Zipkin, one by one. */
async function zipkinProxy(t: TestContext, cluster: string, nextPort: number, collectorPort: number, shared: boolean) {
  const typed_config = {
    "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
    collector_cluster: "zipkin",
    collector_endpoint: "/api/v2/spans",
    collector_endpoint_version: "HTTP_JSON",
    trace_id_128bit: true,
    shared_span_context: shared,
  };
  const layer = { name: "static", static_layer: { "tracing.zipkin.min_flush_spans": 1 } };
  const provider = { name: "envoy.tracers.zipkin", typed_config };
  const config = sampleBootstrap({
    listeners: [{ name: "front", manager: { tracing: { provider, spawn_upstream_span: true } } }],
    clusters: [sampleCluster("app", [loopback(nextPort)]), sampleCluster("zipkin", [loopback(collectorPort)])],
    more: { node: { id: cluster, cluster }, layered_runtime: { layers: [layer] } },
  });
  return startTestProxy(t, { config });
}

describe("A trace through two proxies", () => {
  it("is one tree at an OpenTelemetry collector, as docs/examples/tracing.yaml has it", async (t) => {
    const collector = await OtlpGrpcCollector.start();
    t.after(() => collector.stop());
    const server = await upstream(t);
    const back = freePort();
    const text = readFileSync(path.join(import.meta.dirname, "../../docs/examples/tracing.yaml"), "utf8")
      .replace("port_value: 9901", "port_value: 0")
      .replace("port_value: 10000", "port_value: 0")
      .replaceAll("port_value: 10001", `port_value: ${back}`)
      .replace("port_value: 8080", `port_value: ${server.port}`)
      .replace("port_value: 4317", `port_value: ${collector.port}`);
    const proxy = await startTestProxy(t, {
      config: `${text}layered_runtime: { layers: [{ name: s, static_layer: { tracing.opentelemetry.min_flush_spans: 1 } }] }\n`,
      concurrency: 2,
    });
    const received = await ask(t, proxy, server, { "x-tenant": "acme", tracestate: "v=1" });
    await until("three spans", () => collector.spans.length === 3, 20_000);
    const by = (service: string, kind: number): ReceivedSpan =>
      collector.spans.find((span) => span.resource["service.name"] === service && span.kind === kind)!;
    const [root, attempt, last] = [by("front", 2), by("front", 3), by("back", 2)];
    assert.deepEqual([root.name, attempt.name, last.name], ["shop", "router back egress", "ingress"]);
    assert.deepEqual(new Set(collector.spans.map(({ traceId }) => traceId)), new Set([root.traceId]));
    assert.deepEqual([root.parentSpanId, attempt.parentSpanId, last.parentSpanId], ["", root.spanId, attempt.spanId]);
    assert.equal(received("traceparent"), `00-${root.traceId}-${last.spanId}-01`);
    assert.equal(received("x-request-id"), root.attributes["guid:x-request-id"]);
    assert.equal(last.attributes["guid:x-request-id"], root.attributes["guid:x-request-id"]);
    assert.equal(root.attributes.tenant, "acme");
    assert.ok(root.startMs <= attempt.startMs && attempt.endMs <= root.endMs);
  });

  it("is one tree at Zipkin, whether client and server share spans or not", async (t) => {
    for (const shared of [false, true]) {
      const collector = await HttpCollector.start();
      t.after(() => collector.stop());
      const server = await upstream(t);
      const second = await zipkinProxy(t, "second", server.port, collector.port, shared);
      const first = await zipkinProxy(t, "first", second.port("front"), collector.port, shared);
      const received = await ask(t, first, server);
      const spans = (): ZipkinSpan[] => collector.requests.flatMap(({ body }) => JSON.parse(body.toString("utf8")));
      await until("four spans", () => spans().length === 4, 20_000);
      const by = (service: string, kind: string): ZipkinSpan =>
        spans().find((span) => span.localEndpoint.serviceName === service && span.kind === kind)!;
      const chain = [by("first", "SERVER"), by("first", "CLIENT"), by("second", "SERVER"), by("second", "CLIENT")];
      const [root, out, into, last] = chain as [ZipkinSpan, ZipkinSpan, ZipkinSpan, ZipkinSpan];
      assert.deepEqual(new Set(chain.map(({ traceId }) => traceId)), new Set([root.traceId]));
      assert.deepEqual([root.parentId, out.parentId, last.parentId], [undefined, root.id, into.id]);
      if (shared) assert.deepEqual([into.id, into.parentId, into.shared], [out.id, root.id, true]);
      else assert.equal(into.parentId, out.id);
      assert.equal(received("x-b3-spanid"), last.id);
      assert.equal(received("x-b3-parentspanid"), into.id);
    }
  });

  it("is not reported by the second proxy if the first one has not sampled it", async (t) => {
    const collector = await HttpCollector.start();
    t.after(() => collector.stop());
    const server = await upstream(t);
    const proxy = await zipkinProxy(t, "second", server.port, collector.port, true);
    const received = await ask(t, proxy, server, { "x-b3-sampled": "0" });
    assert.equal(received("x-b3-sampled"), "0");
    await ask(t, proxy, server, { "x-client-trace-id": "marked" });
    await until("the spans of the other", () => collector.requests.length === 2, 20_000);
    const text = collector.requests.map(({ body }) => body.toString("utf8")).join("");
    assert.equal(text.match(/"guid:x-client-trace-id":"marked"/g)?.length, 1);
  });
});
