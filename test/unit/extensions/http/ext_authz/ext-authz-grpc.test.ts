import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { changeQuery } from "../../../../../src/extensions/http/ext_authz/query-change.ts";
import { HeaderValueOption_HeaderAppendAction as AppendAction } from "../../../../../src/proto/gen/envoy/config/core/v3/base_pb.js";
import {
  type CheckRequest,
  CheckRequestSchema,
  CheckResponseSchema,
} from "../../../../../src/proto/gen/envoy/service/auth/v3/external_auth_pb.js";
import { startUnaryService, type UnaryAnswer, type UnaryService } from "../../../../harness/grpc-service.ts";
import { clusterRoute, loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import type { Proxied, ProxiedOptions } from "../../proxied.ts";
import { filtered, typed } from "../filtered.ts";

type Answer = UnaryAnswer<MessageInitShape<typeof CheckResponseSchema> & object>;

/** A proxy whose filter asks a service of grpc-js. */
async function start(
  t: TestContext,
  answer: (request: CheckRequest) => Answer,
  fields: object = {},
  options: ProxiedOptions = {},
): Promise<[Proxied, UnaryService<CheckRequest>]> {
  const schemas = [CheckRequestSchema, CheckResponseSchema] as const;
  const service = await startUnaryService(t, "/envoy.service.auth.v3.Authorization/Check", schemas, answer);
  const clusters = [sampleCluster("authz", [loopback(service.port)], { http2_protocol_options: {} })];
  const grpc_service = { envoy_grpc: { cluster_name: "authz" }, timeout: "30s" };
  const config = { grpc_service, transport_api_version: "V3", ...fields };
  return [await filtered(t, "ext_authz", "ExtAuthz", config, { clusters, ...options }), service];
}

const header = (key: string, value: string, more: object = {}): object => ({ header: { key, value }, ...more });
const OK: Answer = { status: { code: 0 } } as Answer;
const perRoute = (fields: object): object => ({ ext_authz: typed("ext_authz", "ExtAuthzPerRoute", fields) });

describe("The ext_authz filter with a gRPC service", () => {
  it("tells the service all about the request", async (t) => {
    const routes = [
      {
        ...clusterRoute("app"),
        metadata: { filter_metadata: { "route.test": { tier: "gold" } } },
        typed_per_filter_config: perRoute({ check_settings: { context_extensions: { a: "route", b: "route" } } }),
      },
    ];
    const host = {
      typed_per_filter_config: perRoute({ check_settings: { context_extensions: { a: "host", c: "host" } } }),
    };
    const [proxied, service] = await start(
      t,
      () => ({ okResponse: {} }) as never,
      { route_metadata_context_namespaces: ["route.test"], disallowed_headers: { patterns: [{ prefix: "x-secret" }] } },
      { routes, host },
    );
    const client = await proxied.client();
    const headers = { host: "me.test", "x-a": "1", "x-secret-b": "2", "x-envoy-downstream-service-cluster": "web" };
    assert.equal((await client.request({ method: "PUT", target: "/p?q=1", headers })).status, 200);
    const { source, destination, request, contextExtensions, routeMetadataContext } = service.requests[0]!.attributes!;
    assert.equal(source?.service, "web");
    assert.equal(source?.address?.address.case, "socketAddress");
    assert.deepEqual(
      destination?.address?.address.value && "portSpecifier" in destination.address.address.value
        ? destination.address.address.value.portSpecifier.value
        : 0,
      proxied.path.port,
    );
    const http = request!.http!;
    assert.deepEqual([http.method, http.path, http.host, http.protocol], ["PUT", "/p?q=1", "me.test", "HTTP/1.1"]);
    assert.deepEqual(
      [http.headers[":path"], http.headers["x-a"], http.headers["x-secret-b"]],
      ["/p?q=1", "1", undefined],
    );
    assert.deepEqual({ ...contextExtensions }, { a: "route", b: "route", c: "host" });
    assert.deepEqual(routeMetadataContext?.filterMetadata["route.test"], { tier: "gold" });
    assert.notEqual(request?.time, undefined);
    assert.equal(proxied.stat("cluster.authz.upstream_rq_200"), 1);
  });

  it("changes request and response as an OK says", async (t) => {
    const answer = {
      status: { code: 0 },
      dynamicMetadata: { user: "ann" },
      httpResponse: {
        case: "okResponse",
        value: {
          headers: [
            header("X-Set", "new"),
            header("x-more", "b", { append: true }),
            header("x-none", "b", { append: true }),
            header("x-if", "2", { appendAction: AppendAction.ADD_IF_ABSENT }),
            header("x-over", "2", { appendAction: AppendAction.OVERWRITE_IF_EXISTS }),
            header(":path", "/other?a=1&b=2&c=3"),
            header("content-length", "99"),
          ],
          headersToRemove: ["x-gone", ":method", "Host"],
          responseHeadersToAdd: [header("x-resp", "r"), header("x-resp-2", "s")],
          queryParametersToSet: [
            { key: "b", value: "two" },
            { key: "d", value: "4" },
          ],
          queryParametersToRemove: ["c"],
        },
      },
    };
    const [proxied] = await start(t, () => answer as never);
    const sent = { host: "me.test", "x-set": "old", "x-more": "a", "x-if": "1", "x-gone": "1" };
    const response = await (await proxied.client()).request({ headers: sent });
    assert.deepEqual([response.status, response.header("x-resp"), response.header("x-resp-2")], [200, "r", "s"]);
    const { received } = proxied.upstream;
    assert.match(received, /^GET \/other\?a=1&b=two&d=4 HTTP\/1.1\r\nhost: me.test\r\n/);
    for (const line of ["x-set: new", "x-more: a,b", "x-if: 1"]) {
      assert.ok(received.includes(`\r\n${line}\r\n`), `${line} in ${received}`);
    }
    assert.doesNotMatch(received, /x-none|x-over|x-gone|content-length: 99/);
  });

  describe("with rules for what it may change", () => {
    const value = {
      headers: [header("x-a", "new"), header("x-envoy-a", "new"), header(":path", "/other"), header("host", "other")],
      headersToRemove: ["x-b", "x-c", ":scheme"],
    };
    const answer = { status: { code: 0 }, httpResponse: { case: "okResponse", value } };
    const sent = { host: "me.test", "x-a": "old", "x-b": "b", "x-c": "c" };
    const asked = async (t: TestContext, rules: object) => {
      const [proxied] = await start(t, () => answer as never, { decoder_header_mutation_rules: rules });
      const { status } = await (await proxied.client()).request({ headers: sent });
      const [line, ...more] = proxied.upstream.received.split("\r\n");
      const kept = more.filter((text) => /^(host|x-a|x-b|x-c|x-envoy-a):/.test(text)).sort();
      return { status, line, kept, invalid: proxied.stat("http.ingress.ext_authz.invalid"), proxied };
    };

    it("leaves out what is not allowed", async (t) => {
      const plain = await asked(t, {});
      assert.deepEqual([plain.status, plain.line], [200, "GET /other HTTP/1.1"]);
      assert.deepEqual(plain.kept, ["host: me.test", "x-a: new"]);
      const strict = await asked(t, { disallow_all: true, allow_expression: { regex: "x-[ab]" } });
      assert.equal(strict.line, "GET / HTTP/1.1");
      assert.deepEqual(strict.kept, ["host: me.test", "x-a: new", "x-c: c"]);
      const wide = await asked(t, {
        allow_all_routing: true,
        allow_envoy: true,
        disallow_system: true,
        disallow_expression: { regex: "x-b" },
      });
      assert.equal(wide.line, "GET / HTTP/1.1");
      assert.deepEqual(wide.kept, ["host: other", "x-a: new", "x-b: b", "x-envoy-a: new"]);
    });

    it("refuses the request if that is wanted", async (t) => {
      const { status, invalid, proxied } = await asked(t, { disallow_is_error: true });
      assert.deepEqual([status, invalid, proxied.upstream.received], [500, 1, ""]);
      assert.equal((await proxied.logged()).details, "ext_authz_invalid");
    });
  });

  it("tells the service labels of the node", async (t) => {
    const metadata = { labels: { tier: "edge", size: 3 } };
    const options = { bootstrap: { node: { id: "n", cluster: "c", metadata } } };
    const fields = { bootstrap_metadata_labels_key: "labels" };
    const [proxied, service] = await start(t, () => ({ okResponse: {} }) as never, fields, options);
    assert.equal((await (await proxied.client()).request({})).status, 200);
    assert.deepEqual({ ...service.requests[0]!.attributes!.destination!.labels }, { tier: "edge" });
  });

  it("answers as a denial says, with 403 if it says nothing", async (t) => {
    const denials: object[] = [
      { status: { code: 7 } },
      {
        status: { code: 16 },
        httpResponse: {
          case: "deniedResponse",
          value: {
            status: { code: 401 },
            body: "who?",
            headers: [header("set-cookie", "a=1"), header("set-cookie", "b=2")],
          },
        },
      },
    ];
    const [proxied] = await start(t, () => denials.shift() as never);
    const client = await proxied.client();
    assert.deepEqual([(await client.request()).status, (await proxied.logged()).details], [403, "ext_authz_denied"]);
    const second = await client.request();
    assert.deepEqual([second.status, second.body], [401, "who?"]);
    assert.equal(proxied.stat("http.ingress.ext_authz.denied"), 2);
    assert.equal(proxied.stat("cluster.app.upstream_rq_403"), 1);
  });

  it("takes failures of the service, and answers it can't use, for what they are", async (t) => {
    const bad = (value: object): object => ({ status: { code: 0 }, httpResponse: { case: "okResponse", value } });
    const cases: readonly (readonly [object, number, string])[] = [
      [{ status: 14 }, 403, "ext_authz_error"],
      [bad({ headers: [header("x", "a\r\nb: c")] }), 500, "ext_authz_invalid"],
      [bad({ headers: [header("x y", "a")] }), 500, "ext_authz_invalid"],
      [bad({ queryParametersToSet: [{ key: "a b", value: "1" }] }), 500, "ext_authz_invalid"],
      [bad({ responseHeadersToAdd: [header("", "a")] }), 500, "ext_authz_invalid"],
    ];
    let at = 0;
    const [proxied] = await start(t, () => cases[at++]![0] as never);
    const client = await proxied.client();
    for (const [i, [, status, details]] of cases.entries()) {
      assert.equal((await client.request()).status, status);
      assert.equal((await proxied.logged(i + 1)).details, details);
    }
    assert.equal(proxied.stat("http.ingress.ext_authz.invalid"), 4);
    assert.equal(proxied.stat("http.ingress.ext_authz.error"), 1);
    assert.equal(proxied.upstream.requestCount, 0);
  });

  it("waits no longer than its timeout", async (t) => {
    const grpc_service = { envoy_grpc: { cluster_name: "authz" }, timeout: "0.05s" };
    const [proxied] = await start(t, () => "nothing", { grpc_service });
    assert.equal((await (await proxied.client()).request()).status, 403);
    assert.equal((await proxied.logged()).details, "ext_authz_error");
  });

  it("sends the body as text or bytes, and raw headers", async (t) => {
    const body = { max_request_bytes: 8, allow_partial_message: true };
    const [proxied, service] = await start(t, () => OK, { with_request_body: body });
    await (await proxied.client()).request({ method: "POST", body: "0123456789" });
    const asText = service.requests[0]!.attributes!.request!.http!;
    assert.deepEqual([asText.body, asText.headers["x-envoy-auth-partial-body"]], ["01234567", "true"]);
    const raw = { with_request_body: { ...body, pack_as_bytes: true }, encode_raw_headers: true };
    const [other, bytes] = await start(t, () => OK, raw);
    await (await other.client()).request({ method: "POST", body: "\xff", headers: { "x-bin": "a\xff" } });
    const asBytes = bytes.requests[0]!.attributes!.request!.http!;
    assert.deepEqual([...asBytes.rawBody], [0xff]);
    const told = asBytes.headerMap!.headers.find(({ key }) => key === "x-bin")!;
    assert.deepEqual([...told.rawValue], [0x61, 0xff]);
    assert.deepEqual(asBytes.headers, {});
  });

  it("tells the metadata of other filters, and keeps that of the service", async (t) => {
    const set = {
      name: "set",
      typed_config: typed("set_metadata", "Config", {
        metadata: [{ metadata_namespace: "ns", value: { who: "ann" } }],
      }),
    };
    const rbac = {
      name: "rbac",
      typed_config: typed("rbac", "RBAC", {
        rules: {
          policies: {
            p: {
              permissions: [{ any: true }],
              principals: [
                {
                  metadata: {
                    filter: "envoy.filters.http.ext_authz",
                    path: [{ key: "tier" }],
                    value: { string_match: { exact: "gold" } },
                  },
                },
              ],
            },
          },
        },
      }),
    };
    const service = { envoy_grpc: { cluster_name: "authz" }, timeout: "30s" };
    const authz = (more: object): object => ({
      name: "ext_authz",
      typed_config: typed("ext_authz", "ExtAuthz", {
        grpc_service: service,
        metadata_context_namespaces: ["ns", "none"],
        ...more,
      }),
    });
    const router = { name: "envoy.filters.http.router", typed_config: typed("router", "Router") };
    const answer = { status: { code: 0 }, dynamicMetadata: { tier: "gold" } };
    const chain = (more: object): ProxiedOptions => ({ manager: { http_filters: [set, authz(more), rbac, router] } });
    const [proxied, asked] = await start(t, () => answer as never, {}, chain({}));
    assert.equal((await (await proxied.client()).request()).status, 200);
    assert.deepEqual(asked.requests[0]!.attributes!.metadataContext!.filterMetadata, { ns: { who: "ann" } });
    const [ignoring] = await start(t, () => answer as never, {}, chain({ enable_dynamic_metadata_ingestion: false }));
    assert.equal((await (await ignoring.client()).request()).status, 403);
    assert.equal(ignoring.stat("http.ingress.ext_authz.ignored_dynamic_metadata"), 1);
  });
});

describe("The query of a path", () => {
  it("is changed parameter by parameter", () => {
    assert.equal(changeQuery("/a", [["b", "1"]], []), "/a?b=1");
    assert.equal(changeQuery("/a?x&b=1&b=2&c", [["b", "3"]], ["c"]), "/a?x&b=3");
    assert.equal(changeQuery("/a?c=1", [], ["c"]), "/a");
    assert.equal(changeQuery("/a?", [], ["c"]), "/a");
  });
});
