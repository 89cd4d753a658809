import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type RuntimeEntry, valueEntry } from "../../../../src/runtime/runtime-entry.ts";
import { answering, FakeUpstream } from "../../../harness/fake-upstream.ts";
import { HttpCollector } from "../../../harness/otlp-collectors.ts";
import { loopback, sampleCluster } from "../../../harness/sample-bootstrap.ts";
import { until } from "../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../proxied.ts";

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind: string;
  readonly name: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly shared?: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly annotations?: readonly { readonly value: string }[];
  readonly localEndpoint: { readonly serviceName: string };
}

/** A proxy that traces to a collector. Spans go out one by one. */
async function scene(
  t: TestContext,
  { tracing = {}, zipkin = {}, ...options }: ProxiedOptions & { tracing?: object; zipkin?: object } = {},
) {
  const collector = await HttpCollector.start();
  t.after(() => collector.stop());
  const typed_config = {
    "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
    collector_cluster: "zipkin",
    collector_endpoint: "/api/v2/spans",
    collector_endpoint_version: "HTTP_JSON",
    ...zipkin,
  };
  const proxied = await Proxied.start(t, {
    script: answering("ok"),
    clusters: [sampleCluster("zipkin", [loopback(collector.port)])],
    ...options,
    manager: { tracing: { provider: { name: "envoy.tracers.zipkin", typed_config }, ...tracing }, ...options.manager },
  });
  const entries: [string, RuntimeEntry][] = [["tracing.zipkin.min_flush_spans", valueEntry(1)!]];
  proxied.path.runtime.setLayers([{ name: "test", kind: "static", entries }]);
  const spans = (): ZipkinSpan[] => collector.requests.flatMap(({ body }) => JSON.parse(body.toString("utf8")));
  const request = async (headers: Record<string, string> = {}, target = "/a?b=c") =>
    (await proxied.client()).request({ target, headers: { host: "example.com", ...headers } });
  return { proxied, collector, spans, request };
}

describe("Without tracing", () => {
  it("a request goes on as it came, with an id that says nothing of traces", async (t) => {
    const proxied = await Proxied.start(t, { script: answering("ok") });
    const headers = { host: "example.com", b3: "0", traceparent: "as it is", "x-client-trace-id": "c" };
    await (await proxied.client()).request({ headers });
    const received = headersOf(proxied);
    assert.deepEqual([received("b3"), received("traceparent")], ["0", "as it is"]);
    assert.equal(received("x-b3-traceid"), undefined);
    assert.equal(received("x-request-id")![14], "4");
    await proxied.logged();
    assert.equal(proxied.path.logged[0]!.info.span, null);
    assert.equal(proxied.stat("http.ingress.tracing.not_traceable"), 0);
  });
});

describe("envoy.tracers.zipkin", () => {
  it("posts a span of each request, named and tagged as Envoy does, and tells the upstream of it", async (t) => {
    const { proxied, collector, spans, request } = await scene(t);
    await request({ "user-agent": "test/1" });
    await until("the span", () => spans().length === 1);
    const [post] = collector.requests;
    assert.equal(post!.path, "/api/v2/spans");
    assert.equal(post!.headers.host, "zipkin");
    assert.equal(post!.headers["content-type"], "application/json");
    const span = spans()[0]!;
    assert.match(span.traceId, /^[0-9a-f]{16}$/);
    assert.equal(span.id, span.traceId);
    assert.equal(span.parentId, undefined);
    assert.equal(span.kind, "SERVER");
    assert.equal(span.name, "example.com");
    assert.ok(Math.abs(span.timestamp / 1000 - Date.now()) < 60_000);
    assert.ok(span.duration >= 1);
    const { tags } = span;
    assert.equal(tags["http.url"], "http://example.com/a?b=c");
    assert.equal(tags["http.method"], "GET");
    assert.equal(tags["http.status_code"], "200");
    assert.equal(tags["http.protocol"], "HTTP/1.1");
    assert.equal(tags.user_agent, "test/1");
    assert.equal(tags.downstream_cluster, "-");
    assert.equal(tags.upstream_cluster, "app");
    assert.equal(tags.upstream_address, proxied.upstream.address);
    assert.equal(tags["peer.address"], "127.0.0.1");
    assert.equal(tags.component, "proxy");
    assert.equal(tags.response_flags, "-");
    assert.equal(tags.request_size, "0");
    assert.equal(tags.response_size, "2");
    assert.equal(tags.error, undefined);
    assert.equal(tags["guid:x-request-id"]![14], "9", "the id says that the request is sampled");
    const received = headersOf(proxied);
    assert.equal(received("x-b3-traceid"), span.traceId);
    assert.equal(received("x-b3-spanid"), span.id);
    assert.equal(received("x-b3-parentspanid"), undefined);
    assert.equal(received("x-b3-sampled"), "1");
    assert.equal(received("x-request-id"), tags["guid:x-request-id"]);
    await until("the answer", () => proxied.stat("tracing.zipkin.reports_sent") === 1);
    assert.equal(proxied.stat("tracing.zipkin.spans_sent"), 1);
    assert.equal(proxied.stat("http.ingress.tracing.random_sampling"), 1);
  });

  it("shares the span of its client, or makes a child of it", async (t) => {
    const b3 = {
      "x-b3-traceid": "463ac35c9f6413ad48485a3953bb6124",
      "x-b3-spanid": "a2fb4a1d1a96d312",
      "x-b3-sampled": "1",
    };
    const shared = await scene(t);
    await shared.request(b3);
    await until("the span", () => shared.spans().length === 1);
    assert.equal(shared.spans()[0]!.traceId, b3["x-b3-traceid"]);
    assert.equal(shared.spans()[0]!.id, b3["x-b3-spanid"]);
    assert.equal(shared.spans()[0]!.shared, true);
    const own = await scene(t, { zipkin: { shared_span_context: false } });
    await own.request({ b3: "463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1-0020000000000001" });
    await until("the span", () => own.spans().length === 1);
    const span = own.spans()[0]!;
    assert.equal(span.parentId, "a2fb4a1d1a96d312");
    assert.notEqual(span.id, "a2fb4a1d1a96d312");
    const received = headersOf(own.proxied);
    assert.equal(received("b3"), undefined);
    assert.equal(received("x-b3-parentspanid"), "a2fb4a1d1a96d312");
  });

  it("reports nothing that its client has not sampled, and hands that on", async (t) => {
    const { proxied, spans, request } = await scene(t);
    await request({ b3: "0" });
    assert.equal(headersOf(proxied)("x-b3-sampled"), "0");
    await request({});
    await until("the span of the other", () => spans().length === 1);
    assert.equal(spans().length, 1);
  });

  it("has a span of what the proxy answers itself, too", async (t) => {
    const { spans, request } = await scene(t, {
      routes: [{ match: { prefix: "/nothing" }, route: { cluster: "app" } }],
    });
    assert.equal((await request({}, "/a")).status, 404);
    await until("the span", () => spans().length === 1);
    const { tags } = spans()[0]!;
    assert.deepEqual([tags["http.status_code"], tags.response_flags, tags.upstream_cluster], ["404", "NR", undefined]);
  });

  it("gives each attempt a span of its own if told to, with the outcome", async (t) => {
    const { spans, request, proxied } = await scene(t, {
      tracing: { spawn_upstream_span: true, verbose: true },
      zipkin: { trace_id_128bit: true },
    });
    await request();
    await until("both spans", () => spans().length === 2);
    const child = spans().find(({ kind }) => kind === "CLIENT")!;
    const parent = spans().find(({ kind }) => kind === "SERVER")!;
    assert.match(parent.traceId, /^[0-9a-f]{32}$/);
    assert.equal(child.traceId, parent.traceId);
    assert.equal(child.parentId, parent.id);
    assert.equal(child.name, "router app egress");
    assert.equal(child.tags["http.status_code"], "200");
    assert.equal(child.tags["peer.address"], proxied.upstream.address);
    assert.equal(headersOf(proxied)("x-b3-spanid"), child.id);
    const notes = parent.annotations!.map(({ value }) => value);
    assert.deepEqual(notes, [
      "last_downstream_rx_byte_received",
      "first_upstream_tx_byte_sent",
      "last_upstream_tx_byte_sent",
      "first_upstream_rx_byte_received",
      "last_upstream_rx_byte_received",
      "first_downstream_tx_byte_sent",
      "last_downstream_tx_byte_sent",
    ]);
  });

  it("gives a copy of a request a span of its own, which may be left out", async (t) => {
    const shadow = await FakeUpstream.start(answering("copied"));
    t.after(() => shadow.close());
    const typed = { cluster: "shadow", trace_sampled: false };
    const routes = [
      { match: { prefix: "/quiet" }, route: { cluster: "app", request_mirror_policies: [typed] } },
      { match: { prefix: "/" }, route: { cluster: "app", request_mirror_policies: [{ cluster: "shadow" }] } },
    ];
    const collector = await HttpCollector.start();
    t.after(() => collector.stop());
    const clusters = [
      sampleCluster("zipkin", [loopback(collector.port)]),
      sampleCluster("shadow", [loopback(shadow.port)]),
    ];
    const { request } = await scene(t, { routes, clusters });
    const spans = (): ZipkinSpan[] => collector.requests.flatMap(({ body }) => JSON.parse(body.toString("utf8")));
    await request();
    await until("both spans", () => spans().length === 2);
    const copy = spans().find(({ name }) => name === "mirror")!;
    const whole = spans().find(({ name }) => name !== "mirror")!;
    assert.deepEqual([copy.traceId, copy.parentId, copy.kind], [whole.traceId, whole.id, "CLIENT"]);
    assert.deepEqual([copy.tags.upstream_cluster, copy.tags["http.status_code"]], ["shadow", "200"]);
    const received = (): string => shadow.connections.map((each) => each.received.toString("latin1")).join("");
    assert.match(received(), new RegExp(`x-b3-spanid: ${copy.id}\\r\\n`, "i"));
    await request({}, "/quiet");
    await until("the copy", () => shadow.requestCount === 2);
    await until("the span", () => spans().length === 3);
    assert.match(received(), /x-b3-sampled: 0\r\n/i);
    assert.equal(spans().filter(({ name }) => name === "mirror").length, 1);
  });

  it("says which attempts failed, and why", async (t) => {
    const route = { cluster: "app", retry_policy: { retry_on: "reset", num_retries: 1 } };
    const { spans, request } = await scene(t, {
      tracing: { spawn_upstream_span: true },
      routes: [{ match: { prefix: "/" }, route }],
      script: (exchange) => exchange.reset(),
    });
    assert.equal((await request()).status, 503);
    await until("all spans", () => spans().length === 3);
    const whole = spans().find(({ kind }) => kind === "SERVER")!;
    const attempt = (retries?: string) =>
      spans().find(({ kind, tags }) => kind === "CLIENT" && tags["retry.count"] === retries)!;
    const [first, second] = [attempt(), attempt("1")];
    assert.equal(first.tags.error, "true");
    assert.equal(first.tags["error.reason"], "connection termination");
    assert.equal(first.tags.response_flags, "UC");
    assert.equal(second.tags.error, "true");
    assert.equal(whole.tags["http.status_code"], "503");
    assert.equal(whole.tags.error, "true");
  });

  it("names spans after the route's decorator, and tells the client", async (t) => {
    const { spans, request, proxied } = await scene(t, {
      routes: [{ match: { prefix: "/" }, route: { cluster: "app" }, decorator: { operation: "checkout" } }],
    });
    const response = await request();
    assert.equal(response.header("x-envoy-decorator-operation"), "checkout");
    await until("the span", () => spans().length === 1);
    assert.equal(spans()[0]!.name, "checkout");
    await request({ "x-envoy-decorator-operation": "named by the client" });
    await until("the other", () => spans().length === 2);
    assert.equal(spans()[1]!.name, "named by the client");
    assert.equal(headersOf(proxied)("x-envoy-decorator-operation"), undefined);
  });

  it("keeps to the sampling of the connection manager and of the route", async (t) => {
    const { proxied, spans, request } = await scene(t, {
      tracing: { random_sampling: { value: 0 } },
      routes: [
        { match: { prefix: "/all" }, route: { cluster: "app" }, tracing: {} },
        { match: { prefix: "/" }, route: { cluster: "app" } },
      ],
    });
    await request({}, "/none");
    assert.equal(proxied.stat("http.ingress.tracing.not_traceable"), 1);
    await request({}, "/all");
    await request({ "x-client-trace-id": "mine" }, "/forced");
    await until("the spans", () => spans().length === 2);
    const ids = new Map(spans().map(({ tags }) => [tags["http.url"], tags["guid:x-client-trace-id"]]));
    assert.deepEqual([...ids.keys()].sort(), ["http://example.com/all", "http://example.com/forced"]);
    assert.equal(ids.get("http://example.com/forced"), "mine");
    assert.equal(proxied.stat("http.ingress.tracing.client_enabled"), 1);
  });

  it("adds the tags that the configuration names", async (t) => {
    const custom_tags = [
      { tag: "lit", literal: { value: "5" } },
      { tag: "from_header", request_header: { name: "X-Tenant", default_value: "nobody" } },
      { tag: "env", environment: { name: "NOT_THERE", default_value: "unset" } },
      { tag: "empty", request_header: { name: "x-none" } },
      {
        tag: "host_zone",
        metadata: { kind: { route: {} }, metadata_key: { key: "ns", path: [{ key: "a" }, { key: "b" }] } },
      },
    ];
    const { spans, request } = await scene(t, {
      tracing: { custom_tags, max_path_tag_length: 2 },
      routes: [
        {
          match: { prefix: "/" },
          route: { cluster: "app" },
          metadata: { filter_metadata: { ns: { a: { b: 7 } } } },
          tracing: { custom_tags: [{ tag: "lit", literal: { value: "of the route" } }] },
        },
      ],
    });
    await request({ "x-tenant": "acme" });
    await until("the span", () => spans().length === 1);
    const { tags } = spans()[0]!;
    assert.equal(tags.lit, "of the route");
    assert.equal(tags.from_header, "acme");
    assert.equal(tags.env, "unset");
    assert.equal("empty" in tags, false);
    assert.equal(tags.host_zone, "7");
    assert.equal(tags["http.url"], "http://example.com/a");
  });

  it("counts what the collector does not take, and goes on", async (t) => {
    const { proxied, collector, request } = await scene(t);
    collector.status = 500;
    await request();
    await until("the refusal", () => proxied.stat("tracing.zipkin.reports_dropped") === 1);
    collector.stop();
    await request();
    await until("the failure", () => proxied.stat("tracing.zipkin.reports_failed") === 1);
    assert.equal((await request()).status, 200);
  });

  it("writes what no terminal or parser can be hurt by, whatever the client sends", async (t) => {
    const { spans, request } = await scene(t);
    await request({ "user-agent": 'a"\\\u00ff<script>' }, "/%0d%0a");
    await until("the span", () => spans().length === 1);
    assert.equal(spans()[0]!.tags.user_agent, 'a"\\\ufffd<script>');
  });
});

/** Reads the headers of the upstream's last request. */
function headersOf(proxied: Proxied): (name: string) => string | undefined {
  const connection = proxied.upstream.connections.findLast(() => true)!;
  const text = connection.received.toString("latin1");
  const head = text.slice(text.lastIndexOf("GET "));
  return (name) => new RegExp(`\r\n${name}: ([^\r]*)\r\n`, "i").exec(head)?.[1];
}
