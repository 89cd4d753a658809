import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import {
  CheckRequestSchema,
  CheckResponseSchema,
} from "../../../../src/proto/gen/envoy/service/auth/v3/external_auth_pb.js";
import {
  RateLimitRequestSchema,
  RateLimitResponse_Code,
  RateLimitResponseSchema,
} from "../../../../src/proto/gen/envoy/service/ratelimit/v3/rls_pb.js";
import { type RuntimeEntry, valueEntry } from "../../../../src/runtime/runtime-entry.ts";
import { answering, FakeUpstream, hanging } from "../../../harness/fake-upstream.ts";
import { startUnaryService } from "../../../harness/grpc-service.ts";
import { OtlpGrpcCollector } from "../../../harness/otlp-collectors.ts";
import { clusterRoute, loopback, sampleCluster } from "../../../harness/sample-bootstrap.ts";
import { until } from "../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../proxied.ts";

const TYPE = "type.googleapis.com/envoy.extensions.filters.http";
const HTTP2 = { http2_protocol_options: {} };
const ROUTER = { name: "envoy.filters.http.router", typed_config: { "@type": `${TYPE}.router.v3.Router` } };

interface Scene {
  readonly collector: OtlpGrpcCollector;
  readonly proxied: Proxied;
}

/** A traced proxy with this filter before the router. */
async function start(
  t: TestContext,
  [name, message]: [string, string],
  config: object,
  more: ProxiedOptions,
): Promise<Scene> {
  const collector = await OtlpGrpcCollector.start();
  t.after(() => collector.stop());
  const typed_config = {
    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
    service_name: "edge",
    grpc_service: { envoy_grpc: { cluster_name: "otel" }, timeout: "30s" },
  };
  const filter = { name, typed_config: { "@type": `${TYPE}.${name}.v3.${message}`, ...config } };
  const manager = {
    tracing: { provider: { name: "envoy.tracers.opentelemetry", typed_config } },
    http_filters: [filter, ROUTER],
  };
  const clusters = [...(more.clusters ?? []), sampleCluster("otel", [loopback(collector.port)], HTTP2)];
  const proxied = await Proxied.start(t, { script: answering("ok"), ...more, clusters, manager });
  const entries: [string, RuntimeEntry][] = [["tracing.opentelemetry.min_flush_spans", valueEntry(1)!]];
  proxied.path.runtime.setLayers([{ name: "test", kind: "static", entries }]);
  return { collector, proxied };
}

/** The span called `name`, below that of the request. */
async function spanOf({ collector }: Scene, name: string) {
  await until(`the spans, ${name} among them`, () => collector.spans.length >= 2);
  const child = collector.spans.find((span) => span.name === name);
  const parent = collector.spans.find((span) => span.name === "ingress")!;
  assert.ok(child !== undefined, `there are ${collector.spans.map((span) => span.name)}`);
  assert.equal(child.traceId, parent.traceId);
  assert.equal(child.parentSpanId, parent.spanId);
  return child;
}

describe("What filters ask of services, in a trace", () => {
  it("is a span of ext_authz by gRPC, which the service is told", async (t) => {
    const schemas = [CheckRequestSchema, CheckResponseSchema] as const;
    const path = "/envoy.service.auth.v3.Authorization/Check";
    const service = await startUnaryService(t, path, schemas, () => ({ status: { code: 7 } }) as never);
    const clusters = [sampleCluster("authz", [loopback(service.port)], HTTP2)];
    const config = {
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: "authz" }, timeout: "30s" },
    };
    const scene = await start(t, ["ext_authz", "ExtAuthz"], config, { clusters });
    assert.equal((await (await scene.proxied.client()).request()).status, 403);
    const span = await spanOf(scene, "async envoy.service.auth.v3.Authorization.Check egress");
    assert.equal(span.kind, 3, "SPAN_KIND_CLIENT");
    const { attributes } = span;
    assert.equal(attributes.component, "proxy");
    assert.equal(attributes.upstream_cluster, "authz");
    assert.equal(attributes["grpc.status_code"], "0");
    assert.equal(attributes.ext_authz_status, "ext_authz_unauthorized");
    assert.equal(service.metadata[0]!.traceparent, `00-${span.traceId}-${span.spanId}-01`);
  });

  it("is a span of ext_authz by HTTP", async (t) => {
    const service = await FakeUpstream.start(answering("", 200));
    t.after(() => service.close());
    const clusters = [sampleCluster("authz", [loopback(service.port)])];
    const server_uri = { uri: "http://authz.test", cluster: "authz", timeout: "30s" };
    const config = { transport_api_version: "V3", http_service: { server_uri } };
    const scene = await start(t, ["ext_authz", "ExtAuthz"], config, { clusters });
    assert.equal((await (await scene.proxied.client()).request()).status, 200);
    const span = await spanOf(scene, "async authz egress");
    const { attributes } = span;
    assert.equal(attributes["http.status_code"], "200");
    assert.equal(attributes["http.protocol"], "HTTP/1.1");
    assert.equal(attributes.upstream_address, `127.0.0.1:${service.port}`);
    assert.equal(attributes.ext_authz_http_status, "OK");
    assert.equal(attributes.ext_authz_status, "ext_authz_ok");
    const asked = service.connections[0]!.received.toString("latin1");
    assert.ok(asked.includes(`traceparent: 00-${span.traceId}-${span.spanId}-01`));
  });

  it("is a span with an error where the service can't be asked", async (t) => {
    const clusters = [sampleCluster("authz", [])];
    const server_uri = { uri: "http://authz.test", cluster: "authz", timeout: "30s" };
    const config = { transport_api_version: "V3", http_service: { server_uri } };
    const scene = await start(t, ["ext_authz", "ExtAuthz"], config, { clusters });
    assert.equal((await (await scene.proxied.client()).request()).status, 403);
    const { attributes } = await spanOf(scene, "async authz egress");
    assert.deepEqual([attributes.error, attributes["error.reason"]], ["true", "no healthy upstream"]);
  });

  it("is a span that says so where the client leaves meanwhile", async (t) => {
    const service = await FakeUpstream.start(hanging);
    t.after(() => service.close());
    const clusters = [sampleCluster("authz", [loopback(service.port)])];
    const server_uri = { uri: "http://authz.test", cluster: "authz", timeout: "50s" };
    const config = { transport_api_version: "V3", http_service: { server_uri } };
    const scene = await start(t, ["ext_authz", "ExtAuthz"], config, { clusters });
    const client = await scene.proxied.client();
    void client.request().catch(() => {});
    await until("the question", () => service.requestCount === 1);
    client.close();
    const { attributes } = await spanOf(scene, "async authz egress");
    assert.equal(attributes.canceled, "true");
  });

  it("is a span of ratelimit", async (t) => {
    const schemas = [RateLimitRequestSchema, RateLimitResponseSchema] as const;
    const path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
    const answer = () => ({ overallCode: RateLimitResponse_Code.OVER_LIMIT });
    const service = await startUnaryService(t, path, schemas, answer as never);
    const clusters = [sampleCluster("limits", [loopback(service.port)], HTTP2)];
    const grpc_service = { envoy_grpc: { cluster_name: "limits" } };
    const config = { domain: "d", timeout: "30s", rate_limit_service: { transport_api_version: "V3", grpc_service } };
    const { match, route } = clusterRoute("app") as { match: object; route: object };
    const rate_limits = [{ actions: [{ generic_key: { descriptor_value: "x" } }] }];
    const routes = [{ match, route: { ...route, rate_limits } }];
    const scene = await start(t, ["ratelimit", "RateLimit"], config, { clusters, routes });
    assert.equal((await (await scene.proxied.client()).request()).status, 429);
    const { attributes } = await spanOf(
      scene,
      "async envoy.service.ratelimit.v3.RateLimitService.ShouldRateLimit egress",
    );
    assert.equal(attributes.ratelimit_status, "over_limit");
  });

  it("is a span of the keys that jwt_authn fetches", async (t) => {
    const service = await FakeUpstream.start(answering("{}", 500));
    t.after(() => service.close());
    const clusters = [sampleCluster("keys", [loopback(service.port)])];
    const http_uri = { uri: "https://keys.test/jwks", cluster: "keys", timeout: "30s" };
    const config = {
      providers: { p: { issuer: "me", remote_jwks: { http_uri } } },
      rules: [{ match: { prefix: "/" }, requires: { provider_name: "p" } }],
    };
    const scene = await start(t, ["jwt_authn", "JwtAuthentication"], config, { clusters });
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "RS256" })}.${part({ iss: "me" })}.AAAA`;
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await (await scene.proxied.client()).request({ headers })).status, 401);
    const { attributes } = await spanOf(scene, "JWT Remote PubKey Fetch");
    assert.deepEqual([attributes["http.status_code"], attributes.error], ["500", "true"]);
  });
});
