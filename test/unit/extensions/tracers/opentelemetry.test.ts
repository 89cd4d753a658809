import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type RuntimeEntry, valueEntry } from "../../../../src/runtime/runtime-entry.ts";
import { answering } from "../../../harness/fake-upstream.ts";
import { HttpCollector, OtlpGrpcCollector } from "../../../harness/otlp-collectors.ts";
import { readOtlpSpans } from "../../../harness/otlp-reader.ts";
import { loopback, sampleCluster } from "../../../harness/sample-bootstrap.ts";
import { until } from "../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../proxied.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const HTTP2 = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};
const GRPC = {
  grpc_service: {
    envoy_grpc: { cluster_name: "otel" },
    timeout: "5s",
    initial_metadata: [{ key: "x-key", value: "k" }],
  },
};

/** A proxy that traces to `port`. Spans go out one by one. */
async function proxied(t: TestContext, port: number, exporter: object, options: ProxiedOptions & { tracing?: object }) {
  const { tracing = {}, ...more } = options;
  const typed_config = {
    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
    service_name: "edge",
    ...exporter,
  };
  const path = await Proxied.start(t, {
    script: answering("ok"),
    clusters: [sampleCluster("otel", [loopback(port)], "grpc_service" in exporter ? HTTP2 : {})],
    ...more,
    manager: { tracing: { provider: { name: "envoy.tracers.opentelemetry", typed_config }, ...tracing } },
  });
  const entries: [string, RuntimeEntry][] = [["tracing.opentelemetry.min_flush_spans", valueEntry(1)!]];
  path.path.runtime.setLayers([{ name: "test", kind: "static", entries }]);
  return path;
}

async function grpcScene(t: TestContext, options: ProxiedOptions & { tracing?: object } = {}) {
  const collector = await OtlpGrpcCollector.start();
  t.after(() => collector.stop());
  return { collector, proxy: await proxied(t, collector.port, GRPC, options) };
}

const ask = async (proxy: Proxied, headers: Record<string, string> = {}) =>
  (await proxy.client()).request({ target: "/a", headers: { host: "example.com", ...headers } });

/** Reads the headers of the upstream's last request. */
function headersOf(proxy: Proxied): (name: string) => string | undefined {
  const text = proxy.upstream.connections.findLast(() => true)!.received.toString("latin1");
  const head = text.slice(text.lastIndexOf("GET "));
  return (name) => new RegExp(`\r\n${name}: ([^\r]*)\r\n`, "i").exec(head)?.[1];
}

describe("envoy.tracers.opentelemetry", () => {
  it("exports by gRPC to a server of grpc-js", async (t) => {
    const { collector, proxy } = await grpcScene(t);
    await ask(proxy);
    await until("the span", () => collector.spans.length === 1);
    const span = collector.spans[0]!;
    assert.deepEqual(span.resource, { "service.name": "edge" });
    assert.equal(span.name, "ingress");
    assert.equal(span.kind, 2, "SPAN_KIND_SERVER");
    assert.match(span.traceId, /^[0-9a-f]{32}$/);
    assert.match(span.spanId, /^[0-9a-f]{16}$/);
    assert.equal(span.parentSpanId, "");
    assert.equal(span.attributes["http.url"], "http://example.com/a");
    assert.equal(span.attributes["http.status_code"], "200");
    assert.equal(span.attributes["upstream_cluster.name"], "app");
    assert.equal(span.statusCode, 0);
    assert.ok(span.endMs >= span.startMs && Math.abs(span.startMs - Date.now()) < 60_000);
    assert.deepEqual(collector.metadata[0]!.get("x-key"), ["k"]);
    assert.equal(headersOf(proxy)("traceparent"), `00-${span.traceId}-${span.spanId}-01`);
    await until("the report", () => proxy.stat("tracing.opentelemetry.grpc_reports_success") === 1);
  });

  it("goes on with the trace of its client, and hands its state on", async (t) => {
    const { collector, proxy } = await grpcScene(t, { tracing: { spawn_upstream_span: true, verbose: true } });
    await ask(proxy, { traceparent: PARENT, tracestate: "a=1,b=2" });
    await until("both spans", () => collector.spans.length === 2);
    const child = collector.spans.find(({ kind }) => kind === 3);
    const parent = collector.spans.find(({ kind }) => kind === 2);
    assert.equal(parent!.traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.equal(parent!.parentSpanId, "b7ad6b7169203331");
    assert.equal(parent!.traceState, "a=1,b=2");
    assert.equal(child!.parentSpanId, parent!.spanId);
    assert.equal(child!.name, "router app egress");
    assert.ok(parent!.events.includes("first_upstream_tx_byte_sent"));
    assert.equal(headersOf(proxy)("traceparent"), `00-${child!.traceId}-${child!.spanId}-01`);
    assert.equal(headersOf(proxy)("tracestate"), "a=1,b=2");
  });

  it("reports nothing that its client has not sampled", async (t) => {
    const { collector, proxy } = await grpcScene(t);
    await ask(proxy, { traceparent: PARENT.replace(/01$/, "00") });
    assert.match(headersOf(proxy)("traceparent")!, /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    await ask(proxy);
    await until("the span of the other", () => collector.spans.length === 1);
    assert.notEqual(collector.spans[0]!.traceId, "0af7651916cd43dd8448eb211c80319c");
  });

  it("adds to its resource what detectors find, over the service's name", async (t) => {
    const collector = await OtlpGrpcCollector.start();
    t.after(() => collector.stop());
    const types = "type.googleapis.com/envoy.extensions.tracers.opentelemetry.resource_detectors.v3";
    const attributes = { "service.name": "other", "k8s.pod.name": "p", empty: "" };
    const resource_detectors = [
      { name: "e", typed_config: { "@type": `${types}.EnvironmentResourceDetectorConfig` } },
      { name: "s", typed_config: { "@type": `${types}.StaticConfigResourceDetectorConfig`, attributes } },
    ];
    const proxy = await proxied(t, collector.port, { ...GRPC, resource_detectors }, {});
    await ask(proxy);
    await until("the span", () => collector.spans.length === 1);
    assert.deepEqual(collector.spans[0]!.resource, { "service.name": "other", "k8s.pod.name": "p" });
  });

  it("marks what failed as an error", async (t) => {
    const { collector, proxy } = await grpcScene(t, { script: answering("no", 503) });
    await ask(proxy);
    await until("the span", () => collector.spans.length === 1);
    assert.equal(collector.spans[0]!.statusCode, 2);
    assert.equal(collector.spans[0]!.attributes.error, "true");
  });

  it("goes on below the first span after an internal redirect", async (t) => {
    const { collector, proxy } = await grpcScene(t, {
      routes: [{ match: { prefix: "/" }, route: { cluster: "app", internal_redirect_policy: {} } }],
      script: async (exchange) => {
        await exchange.request();
        if (exchange.target === "/a") exchange.respond({ status: 302, headers: { location: "http://example.com/b" } });
        else exchange.respond({ body: "b" });
      },
    });
    assert.equal((await ask(proxy)).status, 200);
    await until("both spans", () => collector.spans.length === 2);
    const [first, second] = ["302", "200"].map((status) =>
      collector.spans.find(({ attributes }) => attributes["http.status_code"] === status),
    );
    assert.equal(second!.attributes["http.url"], "http://example.com/b");
    assert.deepEqual([second!.traceId, second!.parentSpanId], [first!.traceId, first!.spanId]);
    assert.equal(second!.attributes["guid:x-request-id"], first!.attributes["guid:x-request-id"]);
  });

  it("cuts tags that would fill the memory", async (t) => {
    const { collector, proxy } = await grpcScene(t);
    await ask(proxy, { "user-agent": "x".repeat(20_000) });
    await until("the span", () => collector.spans.length === 1);
    assert.equal(collector.spans[0]!.attributes.user_agent!.length, 4096);
  });

  it("calls what goes out egress", async (t) => {
    const { collector, proxy } = await grpcScene(t, { listener: { traffic_direction: "OUTBOUND" } });
    await ask(proxy);
    await until("the span", () => collector.spans.length === 1);
    assert.equal(collector.spans[0]!.name, "egress example.com");
    assert.equal(collector.spans[0]!.kind, 3, "SPAN_KIND_CLIENT");
  });

  it("exports by HTTP, to the path and with the headers that are configured", async (t) => {
    const collector = await HttpCollector.start();
    t.after(() => collector.stop());
    const http_service = {
      http_uri: { uri: "http://otel.test:4318/v1/traces", cluster: "otel", timeout: "5s" },
      request_headers_to_add: [{ header: { key: "Authorization", value: "Api-Token x" } }],
    };
    const proxy = await proxied(t, collector.port, { http_service }, {});
    await ask(proxy);
    await until("the report", () => collector.requests.length === 1);
    const [post] = collector.requests;
    assert.equal(post!.path, "/v1/traces");
    assert.equal(post!.headers.host, "otel.test:4318");
    assert.equal(post!.headers.authorization, "Api-Token x");
    assert.equal(post!.headers["content-type"], "application/x-protobuf");
    assert.equal(readOtlpSpans(post!.body)[0]!.name, "ingress");
    await until("the answer", () => proxy.stat("tracing.opentelemetry.http_reports_success") === 1);
    assert.equal(proxy.stat("tracing.opentelemetry.spans_sent"), 1);
    collector.stop();
    await ask(proxy);
    await until("the failure", () => proxy.stat("tracing.opentelemetry.http_reports_failed") === 1);
  });
});
