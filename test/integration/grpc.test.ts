import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { ECHO_SERVICE, startGrpcEcho } from "../harness/grpc-echo.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

const HTTP2 = { http2_protocol_options: {} };

interface Scene {
  readonly proxy: RunningProxy;
  readonly client: InstanceType<grpc.ServiceClientConstructor>;
}

/** What the proxy is made of beside router and upstream. */
interface SceneParts {
  readonly filters?: readonly object[];
  readonly upstreamPort?: number;
}

const TYPES = "type.googleapis.com/envoy.extensions";

function filter(name: string, message: string, fields: object = {}): object {
  return { name, typed_config: { "@type": `${TYPES}.filters.http.${name}.v3.${message}`, ...fields } };
}

function library(name: string, algorithm: string, message: string): object {
  return { [name]: { name: "lib", typed_config: { "@type": `${TYPES}.compression.${algorithm}.v3.${message}` } } };
}

const ALWAYS = { default_value: { numerator: 100 } };
const isCase = (name: string): object => ({ name: "x-case", string_match: { exact: name } });
const POLICY = { permissions: [{ any: true }], principals: [{ header: isCase("rbac") }] };
const KEYS = { inline_string: '{"keys":[{"kty":"oct","k":"YQ"}]}' };

/**
 * Every HTTP filter that lets streams pass, none of them idle. A call whose `x-case` names a filter is refused by it; the service of
 * ext_authz, a cluster, decides for itself.
 */
const ALL_FILTERS: readonly object[] = [
  filter("health_check", "HealthCheck", {
    pass_through_mode: false,
    headers: [{ name: ":path", string_match: { exact: "/health" } }],
  }),
  filter("cors", "Cors"),
  filter("csrf", "CsrfPolicy", { filter_enabled: { default_value: { numerator: 0 } }, shadow_enabled: ALWAYS }),
  filter("ip_tagging", "IPTagging", {
    ip_tags: [{ ip_tag_name: "local", ip_list: [{ address_prefix: "127.0.0.1" }] }],
  }),
  filter("header_to_metadata", "Config", {
    request_rules: [{ header: ":path", on_header_present: { key: "path" } }],
    response_rules: [{ header: "content-type", on_header_present: { key: "type" } }],
  }),
  filter("set_metadata", "Config", { metadata: [{ metadata_namespace: "a", value: { b: 1 } }] }),
  filter("set_filter_state", "Config", {
    on_request_headers: [
      {
        object_key: "path",
        factory_key: "envoy.string",
        format_string: { text_format_source: { inline_string: "%REQ(:path)%" } },
      },
    ],
  }),
  filter("local_ratelimit", "LocalRateLimit", {
    stat_prefix: "all",
    token_bucket: { max_tokens: 100_000, fill_interval: "60s" },
    filter_enabled: ALWAYS,
    filter_enforced: ALWAYS,
  }),
  filter("ratelimit", "RateLimit", {
    domain: "all",
    rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: "app" } }, transport_api_version: "V3" },
  }),
  filter("rbac", "RBAC", { rules: { action: "DENY", policies: { refused: POLICY } } }),
  filter("jwt_authn", "JwtAuthentication", {
    providers: { p: { local_jwks: KEYS } },
    rules: [
      { match: { prefix: "/", headers: [isCase("jwt")] }, requires: { provider_name: "p" } },
      { match: { prefix: "/" }, requires: { allow_missing: {} } },
    ],
  }),
  filter("ext_authz", "ExtAuthz", {
    http_service: { server_uri: { uri: "http://authz.test", cluster: "authz", timeout: "5s" } },
    allowed_headers: { patterns: [{ exact: "x-case" }] },
  }),
  filter("fault", "HTTPFault", {
    headers: [isCase("fault")],
    abort: { grpc_status: 10, percentage: { numerator: 100 } },
  }),
  filter("stateful_session", "StatefulSession", {
    session_state: {
      name: "header",
      typed_config: { "@type": `${TYPES}.http.stateful_session.header.v3.HeaderBasedSessionState`, name: "x-session" },
    },
  }),
  filter("compressor", "Compressor", {
    ...library("compressor_library", "zstd.compressor", "Zstd"),
    response_direction_config: { common_config: { content_type: ["application/grpc"] } },
  }),
  filter("decompressor", "Decompressor", library("decompressor_library", "gzip.decompressor", "Gzip")),
  filter("on_demand", "OnDemand"),
  filter("grpc_http1_bridge", "Config"),
  filter("grpc_web", "GrpcWeb"),
  filter("grpc_stats", "FilterConfig", { stats_for_all_methods: true }),
  filter("header_mutation", "HeaderMutation", { mutations: { request_mutations: [{ remove: "x-gone" }] } }),
];

/** Starts a service that refuses those calls that ask for it; answers its port. */
async function startAuthz(t: TestContext): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(request.headers["x-case"] === "authz" ? 403 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy of two workers before a gRPC server, and a client of it. */
async function scene(t: TestContext, { filters = [], upstreamPort }: SceneParts = {}): Promise<Scene> {
  const server = await startGrpcEcho();
  t.after(() => server.stop());
  const clusters = [
    sampleCluster("app", [loopback(upstreamPort ?? server.port)], HTTP2),
    sampleCluster("authz", [loopback(filters.length === 0 ? 1 : await startAuthz(t))]),
  ];
  const http_filters = [...filters, filter("router", "Router")];
  const listeners = [{ routes: [clusterRoute("app", "/test.Echo/")], manager: { http_filters } }];
  const proxy = await startProxy({ config: sampleBootstrap({ clusters, listeners }), concurrency: 2 });
  const Client = grpc.makeGenericClientConstructor(ECHO_SERVICE, "Echo");
  const client = new Client(`127.0.0.1:${proxy.port()}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
  });
  t.after(async () => {
    client.close();
    await proxy.kill();
  });
  return { proxy, client };
}

/** The answer of a unary call, or its error. */
function unary(
  client: Scene["client"],
  message: string | Buffer,
  options: grpc.CallOptions = {},
  headers: Record<string, string> = {},
): Promise<Buffer | grpc.ServiceError> {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve) => {
    client.unary!(Buffer.from(message), metadata, options, (error: grpc.ServiceError | null, answer: Buffer) =>
      resolve(error ?? answer),
    );
  });
}

function errorOf(answer: Buffer | grpc.ServiceError): grpc.ServiceError {
  assert.ok(answer instanceof Error, "the call fails");
  return answer as grpc.ServiceError;
}

const CHAINS: readonly (readonly [string, readonly object[]])[] = [
  ["gRPC through the proxy", []],
  ["gRPC through the proxy and all HTTP filters", ALL_FILTERS],
];
for (const [title, filters] of CHAINS) {
  describe(title, () => {
    it("unary calls, many at once and of 4 MB", async (t) => {
      const { proxy, client } = await scene(t, { filters });
      const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => unary(client, `m${i}`)));
      assert.deepEqual(
        answers.map(String),
        Array.from({ length: 100 }, (_, i) => `m${i}`),
      );
      const large = Buffer.alloc(4_000_000, "0123456789");
      assert.ok(large.equals((await unary(client, large)) as Buffer));
      const stats = await proxy.stats("upstream_rq|cx_http2");
      assert.equal(stats.get("cluster.app.upstream_rq_200"), 101);
      assert.equal(stats.get("cluster.app.upstream_cx_http2_total"), 1);
    });

    it("errors of the service, in trailers", async (t) => {
      const { client } = await scene(t, { filters });
      const error = errorOf(await unary(client, "fail"));
      assert.deepEqual([error.code, error.details], [grpc.status.INVALID_ARGUMENT, "that is wrong"]);
    });

    it("deadlines, and the service hears that the call is off", async (t) => {
      const { proxy, client } = await scene(t, { filters });
      const error = errorOf(await unary(client, "wait", { deadline: Date.now() + 300 }));
      assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED);
      await proxy.untilStat("cluster.app.upstream_rq_active", 0);
      assert.equal(String(await unary(client, "after")), "after");
    });

    it("streams of the client, of the server and of both", async (t) => {
      const { client } = await scene(t, { filters });
      const collected = await new Promise<string>((resolve, reject) => {
        const call = client.collect!((error: Error | null, answer: Buffer) =>
          error ? reject(error) : resolve(String(answer)),
        );
        for (let i = 0; i < 100; i++) call.write(Buffer.from(`${i},`));
        call.end();
      });
      assert.equal(collected, Array.from({ length: 100 }, (_, i) => `${i},`).join(""));
      const repeated: string[] = [];
      for await (const part of client.repeat!(Buffer.from("x"))) repeated.push(String(part));
      assert.equal(repeated.length, 100);
      const chat = client.chat!();
      const echoes: string[] = [];
      for (const word of ["one", "two", "three"]) {
        const answer = new Promise<void>((resolve) => {
          chat.once("data", (part: Buffer) => {
            echoes.push(String(part));
            resolve();
          });
        });
        chat.write(Buffer.from(word));
        await answer;
      }
      const status = new Promise<grpc.StatusObject>((resolve) => chat.on("status", resolve));
      chat.end();
      assert.equal((await status).code, grpc.status.OK);
      assert.deepEqual(echoes, ["one", "two", "three"]);
    });

    it("answers of the proxy itself as gRPC statuses", async (t) => {
      const { client } = await scene(t, { filters, upstreamPort: 1 });
      const error = errorOf(await unary(client, "nobody is there"));
      assert.equal(error.code, grpc.status.UNAVAILABLE);
      assert.match(error.details, /upstream connect error/);
    });
  });
}

describe("gRPC calls that a filter refuses", () => {
  it("end with the status that says why", async (t) => {
    const { client, proxy } = await scene(t, { filters: ALL_FILTERS });
    const codes: Record<string, number> = {};
    for (const refuses of ["rbac", "jwt", "authz", "fault"]) {
      codes[refuses] = errorOf(await unary(client, "m", {}, { "x-case": refuses })).code;
    }
    const { PERMISSION_DENIED, UNAUTHENTICATED, ABORTED } = grpc.status;
    const expected = { rbac: PERMISSION_DENIED, jwt: UNAUTHENTICATED, authz: PERMISSION_DENIED, fault: ABORTED };
    assert.deepEqual(codes, expected);
    assert.equal(String(await unary(client, "good")), "good");
    await proxy.until("the count", async () => {
      const stats = await proxy.stats("grpc");
      return stats.get("cluster.app.grpc.test.Echo.Unary.request_message_count") === 1;
    });
  });
});
