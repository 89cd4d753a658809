import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { limitHeaders } from "../../../../../src/extensions/http/ratelimit/limit-headers.ts";
import {
  RateLimitResponse_Code as Code,
  type RateLimitRequest,
  RateLimitRequestSchema,
  RateLimitResponse_DescriptorStatusSchema,
  RateLimitResponseSchema,
  RateLimitResponse_RateLimit_Unit as Unit,
} from "../../../../../src/proto/gen/envoy/service/ratelimit/v3/rls_pb.js";
import { startUnaryService, type UnaryAnswer, type UnaryService } from "../../../../harness/grpc-service.ts";
import { clusterRoute, loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import type { Proxied, ProxiedOptions } from "../../proxied.ts";
import { filtered, typed } from "../filtered.ts";

type Answer = UnaryAnswer<MessageInitShape<typeof RateLimitResponseSchema> & object>;

const OK: Answer = { overallCode: Code.OK };
const OVER: Answer = { overallCode: Code.OVER_LIMIT };
const key = (value: string): object => ({ actions: [{ generic_key: { descriptor_value: value } }] });
const limitedRoute = (prefix: string, limits: readonly object[], perRoute?: object): object => ({
  match: { prefix },
  route: { cluster: "app", rate_limits: limits },
  ...(perRoute && { typed_per_filter_config: { ratelimit: typed("ratelimit", "RateLimitPerRoute", perRoute) } }),
});

/** A proxy whose filter asks a service of grpc-js about all requests, as one of `user`. */
async function start(
  t: TestContext,
  answer: (request: RateLimitRequest) => Answer,
  fields: object = {},
  options: ProxiedOptions = {},
): Promise<[Proxied, UnaryService<RateLimitRequest>]> {
  const schemas = [RateLimitRequestSchema, RateLimitResponseSchema] as const;
  const path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
  const service = await startUnaryService(t, path, schemas, answer);
  const clusters = [sampleCluster("limits", [loopback(service.port)], { http2_protocol_options: {} })];
  const config = {
    domain: "shop",
    timeout: "30s",
    rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: "limits" } }, transport_api_version: "V3" },
    ...fields,
  };
  const routes = [limitedRoute("/", [key("all")])];
  return [await filtered(t, "ratelimit", "RateLimit", config, { clusters, routes, ...options }), service];
}

const stat = (proxied: Proxied, name: string): number => proxied.stat(`cluster.app.ratelimit.${name}`);

/** The descriptors of each question, as `key=value key=value`. */
function asked({ requests }: UnaryService<RateLimitRequest>): string[][] {
  return requests.map(({ descriptors }) =>
    descriptors.map(({ entries }) => entries.map((entry) => `${entry.key}=${entry.value}`).join(" ")),
  );
}

describe("The ratelimit filter", () => {
  it("tells the service domain and descriptors, and lets pass what is under the limits", async (t) => {
    const user = { request_headers: { header_name: "x-user", descriptor_key: "user" } };
    const routes = [limitedRoute("/", [{ actions: [user, { destination_cluster: {} }] }, key("all")])];
    const [proxied, service] = await start(t, () => OK, {}, { routes });
    const client = await proxied.client();
    assert.equal((await client.request({ headers: { "x-user": "ann" } })).status, 200);
    assert.equal((await client.request()).status, 200);
    assert.deepEqual(asked(service), [["user=ann destination_cluster=app", "generic_key=all"], ["generic_key=all"]]);
    assert.deepEqual(
      service.requests.map(({ domain }) => domain),
      ["shop", "shop"],
    );
    assert.equal(stat(proxied, "ok"), 2);
    assert.equal(proxied.stat("cluster.limits.upstream_rq_200"), 2);
  });

  it("sends the headers of its service along", async (t) => {
    const service = (...initial_metadata: object[]): object => ({
      rate_limit_service: {
        grpc_service: { envoy_grpc: { cluster_name: "limits" }, initial_metadata },
        transport_api_version: "V3",
      },
    });
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const raw = { key: "x-raw", raw_value: base64("50% off") };
    const [proxied, limits] = await start(t, () => OK, service({ key: "x-key", value: "k" }, raw));
    assert.equal((await (await proxied.client()).request()).status, 200);
    const [{ "x-key": plain, "x-raw": bytes } = {}] = limits.metadata;
    assert.deepEqual([plain, bytes], ["k", "50% off"]);
    for (const [header, problem] of [
      [{ key: "x-raw", raw_value: base64("a\nb") }, /initial_metadata\[0\]\.raw_value: holds control characters/],
      [{ key: "x-raw", value: "a", raw_value: base64("b") }, /raw_value: value and raw_value exclude each other/],
      [{ key: "x-raw", value: "%REQ(a)%" }, /initial_metadata\[0\]\.value: values with % are not filled in/],
    ] as const) {
      await assert.rejects(
        start(t, () => OK, service(header)),
        problem,
      );
    }
  });

  it("asks nobody about a request without descriptors", async (t) => {
    const [proxied, service] = await start(t, () => OVER, {}, { routes: [clusterRoute("app")] });
    assert.equal((await (await proxied.client()).request()).status, 200);
    assert.equal(service.requests.length, 0);
  });

  it("answers what is over a limit", async (t) => {
    const [proxied] = await start(t, () => OVER, {
      stat_prefix: "edge",
      response_headers_to_add: [{ header: { key: "x-why", value: "%RESPONSE_FLAGS%" } }],
    });
    const client = await proxied.client();
    const answer = await client.request();
    assert.deepEqual(
      [answer.status, answer.body, answer.header("x-envoy-ratelimited"), answer.header("x-why")],
      [429, "", "true", "RL"],
    );
    assert.deepEqual(await proxied.logged(), { status: 429, flags: "RL", details: "request_rate_limited" });
    assert.equal(stat(proxied, "edge.over_limit"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_429"), 1);
    assert.equal(proxied.upstream.requestCount, 0);
  });

  it("answers with the service's words and its own status", async (t) => {
    const response = {
      overallCode: Code.OVER_LIMIT,
      rawBody: Buffer.from("{}"),
      responseHeadersToAdd: [
        { key: "content-type", value: "application/json" },
        { key: "X-Limit", value: "l" },
        { key: "x-bad", value: "a\r\nb" },
      ],
      dynamicMetadata: { a: 1 },
    };
    const [proxied] = await start(t, () => response, {
      rate_limited_status: { code: "ServiceUnavailable" },
      disable_x_envoy_ratelimited_header: true,
    });
    const answer = await (await proxied.client()).request();
    assert.deepEqual(
      [answer.status, answer.body, answer.header("content-type"), answer.header("x-limit"), answer.header("x-bad")],
      [503, "{}", "application/json", "l", undefined],
    );
    assert.equal(answer.header("x-envoy-ratelimited"), undefined);
  });

  it("passes headers of the service on, and tells the limits", async (t) => {
    const response = {
      overallCode: Code.OK,
      requestHeadersToAdd: [{ key: "x-to-app", value: "1" }],
      responseHeadersToAdd: [{ key: "x-to-client", value: "2" }],
      statuses: [
        {
          code: Code.OK,
          currentLimit: { requestsPerUnit: 10, unit: Unit.MINUTE, name: "per-ip" },
          limitRemaining: 4,
          durationUntilReset: { seconds: 30n },
        },
      ],
    };
    const [proxied] = await start(t, () => response, { enable_x_ratelimit_headers: "DRAFT_VERSION_03" });
    const answer = await (await proxied.client()).request();
    assert.equal(answer.header("x-to-client"), "2");
    assert.deepEqual(
      ["limit", "remaining", "reset"].map((name) => answer.header(`x-ratelimit-${name}`)),
      ['10, 10;w=60;name="per-ip"', "4", "30"],
    );
    assert.match(proxied.upstream.received, /\r\nx-to-app: 1\r\n/);
  });

  it("answers gRPC calls with UNAVAILABLE or RESOURCE_EXHAUSTED", async (t) => {
    for (const [rate_limited_as_resource_exhausted, status] of [
      [false, "14"],
      [true, "8"],
    ] as const) {
      const [proxied] = await start(t, () => OVER, { rate_limited_as_resource_exhausted });
      const request = { method: "POST", headers: { "content-type": "application/grpc" }, body: "x" };
      const answer = await (await proxied.client()).request(request);
      assert.deepEqual([answer.status, answer.header("grpc-status")], [200, status]);
    }
  });

  it("lets requests pass when the service fails, or refuses them", async (t) => {
    const [open] = await start(t, () => ({ status: 14 }));
    assert.equal((await (await open.client()).request()).status, 200);
    assert.deepEqual([stat(open, "error"), stat(open, "failure_mode_allowed")], [1, 1]);
    const [unknown] = await start(t, () => ({}));
    assert.equal((await (await unknown.client()).request()).status, 200);
    assert.equal(stat(unknown, "error"), 1);
    const [shut] = await start(t, () => ({ status: 14 }), { failure_mode_deny: true });
    assert.equal((await (await shut.client()).request()).status, 500);
    assert.deepEqual(await shut.logged(), { status: 500, flags: "RLSE", details: "rate_limiter_error" });
    const status_on_error = { code: "BadGateway" };
    const [other] = await start(t, () => ({ status: 14 }), { failure_mode_deny: true, status_on_error });
    assert.equal((await (await other.client()).request()).status, 502);
  });

  it("waits 20 ms unless told otherwise, and holds the body meanwhile", async (t) => {
    const [proxied] = await start(t, () => "nothing", { timeout: undefined });
    const answer = await (await proxied.client()).request({ method: "POST", body: "body" });
    assert.equal(answer.status, 200);
    assert.equal(stat(proxied, "failure_mode_allowed"), 1);
    assert.ok(proxied.upstream.received.endsWith("body"));
  });

  it("gives up the question when the client leaves", async (t) => {
    const [proxied, service] = await start(t, () => "nothing", { timeout: "60s" });
    const client = await proxied.client();
    client.request().catch(() => {});
    await until("the question", () => service.requests.length === 1);
    client.close();
    await until("the end of it", () => proxied.stat("cluster.limits.upstream_rq_tx_reset") === 1);
  });

  it("heeds its stage, the virtual host and the route", async (t) => {
    const staged = { ...key("second"), stage: 1 };
    const host = { rate_limits: [key("host")] };
    const routes = [
      limitedRoute("/own", [key("own"), staged]),
      limitedRoute("/none", []),
      limitedRoute("/both", [key("own")], { vh_rate_limits: "INCLUDE", domain: "other" }),
      limitedRoute("/ignore", [], { vh_rate_limits: "IGNORE" }),
    ];
    const [proxied, service] = await start(t, () => OK, {}, { routes, host });
    const client = await proxied.client();
    for (const target of ["/own", "/none", "/both", "/ignore"]) await client.request({ target });
    assert.deepEqual(asked(service), [
      ["generic_key=own"],
      ["generic_key=host"],
      ["generic_key=own", "generic_key=host"],
    ]);
    assert.equal(service.requests[2]?.domain, "other");
    const [second, other] = await start(t, () => OK, { stage: 1 }, { routes, host });
    await (await second.client()).request({ target: "/own" });
    assert.deepEqual(asked(other), [["generic_key=second"]]);
  });

  it("takes its own rate_limits instead of those of the route", async (t) => {
    const own = { actions: [{ request_headers: { header_name: ":path", descriptor_key: "path" } }] };
    const routes = [clusterRoute("app", "/bare"), limitedRoute("/", [key("all")])];
    const [proxied, service] = await start(t, () => OK, { stage: 3, rate_limits: [own] }, { routes });
    const client = await proxied.client();
    for (const target of ["/bare", "/limited"]) assert.equal((await client.request({ target })).status, 200);
    assert.deepEqual(asked(service), [["path=/bare"], ["path=/limited"]]);
    await assert.rejects(
      start(t, () => OK, { rate_limits: [{ ...own, stage: 1 }] }),
      /rate_limits\[0\]\.stage: counts only/,
    );
    await assert.rejects(
      start(t, () => OK, { rate_limits: [{ ...own, disable_key: "k" }] }),
      /disable_key: counts only/,
    );
  });

  it("asks, refuses and fails as large a share as it is told", async (t) => {
    const share = (numerator: number): object => ({ default_value: { numerator } });
    const [off, unasked] = await start(t, () => OVER, { filter_enabled: share(0) });
    assert.equal((await (await off.client()).request()).status, 200);
    assert.equal(unasked.requests.length, 0);
    const [counting] = await start(t, () => OVER, { filter_enforced: share(0) });
    assert.equal((await (await counting.client()).request()).status, 200);
    assert.equal(stat(counting, "over_limit"), 1);
    const fails = (): Answer => ({ status: 13 });
    const [denying] = await start(t, fails, { failure_mode_deny_percent: share(100) });
    assert.equal((await (await denying.client()).request()).status, 500);
    const [allowing] = await start(t, fails, { failure_mode_deny: true, failure_mode_deny_percent: share(0) });
    assert.equal((await (await allowing.client()).request()).status, 200);
  });

  it("asks only about the requests of its type", async (t) => {
    // A request from loopback is internal only with `x-forwarded-for` rules that say so; here none is.
    const [internal, first] = await start(t, () => OVER, { request_type: "internal" });
    assert.equal((await (await internal.client()).request()).status, 200);
    const [external, second] = await start(t, () => OVER, { request_type: "external" });
    assert.equal((await (await external.client()).request()).status, 429);
    assert.deepEqual([first.requests.length, second.requests.length], [0, 1]);
  });
});

describe("The x-ratelimit headers", () => {
  it("are those of the limit with the least left", () => {
    const status = (requestsPerUnit: number, unit: Unit, limitRemaining: number, name = "") =>
      create(RateLimitResponse_DescriptorStatusSchema, {
        currentLimit: { requestsPerUnit, unit, name },
        limitRemaining,
        durationUntilReset: { seconds: BigInt(limitRemaining) },
      });
    const none = create(RateLimitResponse_DescriptorStatusSchema, {});
    assert.deepEqual(limitHeaders([none]), []);
    const headers = limitHeaders([none, status(10, Unit.SECOND, 5, "ip"), status(99, Unit.YEAR, 2), status(7, 0, 3)]);
    assert.deepEqual(
      headers.map(({ value }) => value),
      ['99, 10;w=1;name="ip", 99;w=31536000', "2", "2"],
    );
  });
});
