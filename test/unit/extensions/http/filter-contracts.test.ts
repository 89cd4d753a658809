import assert from "node:assert/strict";
import { it } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { silentLogger } from "../../../../src/base/log.ts";
import { HeaderMutationFilter } from "../../../../src/extensions/http/header_mutation/filter.ts";
import { MutationList } from "../../../../src/extensions/http/header_mutation/mutation-list.ts";
import type { HttpModule } from "../../../../src/extensions/http/module/contract.ts";
import { ModuleFilter } from "../../../../src/extensions/http/module/filter.ts";
import { StatefulSessionFilter } from "../../../../src/extensions/http/stateful_session/filter.ts";
import { createSessionState } from "../../../../src/extensions/stateful_session/session-state.ts";
import { HTTP_FILTERS } from "../../../../src/extensions/table.ts";
import type { HttpFilterFactory, StreamFilter } from "../../../../src/http/filter.ts";
import type { RequestHeaderMap } from "../../../../src/http/header-map.ts";
import type { StreamRoute } from "../../../../src/http/stream-route.ts";
import { RateLimitPolicy } from "../../../../src/route/rate-limit-policy.ts";
import type { AsyncClient } from "../../../../src/upstream/async/async-client.ts";
import { answeringClient, failingClient } from "../../../harness/fake-async-client.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { makeFilter } from "../../../harness/filter-under-test.ts";
import { describeHttpFilterContract, type HttpFilterContractSubject } from "../../../harness/http-filter-contract.ts";
import { RecordingStats } from "../../../harness/recording-stats.ts";
import { makeFormatEnvironment } from "../../../harness/stream-fixtures.ts";

/** Names of the table's filters that the contract was put to. */
const underContract = new Set<string>();

/** Puts the contract to the filter `name`, in the state that `what` says. */
function underTheContract(name: string, what: string, subject: HttpFilterContractSubject): void {
  underContract.add(name);
  describeHttpFilterContract(what, subject);
}

const MODULE = "troupe.filters.http.module";
const envoy = (name: string): string => `envoy.filters.http.${name}`;

const factory = (make: () => StreamFilter): HttpFilterFactory => ({
  create: (chain) => chain.addFilter(make()),
  dispose: () => {},
});

function moduleFactory(module: HttpModule): () => HttpFilterFactory {
  const stats = new RecordingStats();
  const runtime = {
    module,
    config: null,
    errors: stats.counter("errors"),
    executions: stats.counter("executions"),
    log: silentLogger,
    file: "test.ts",
  };
  return () => factory(() => new ModuleFilter(runtime));
}

const nothing = { request: [], response: [] };
const mutations = new MutationList(nothing, makeFormatEnvironment());
underTheContract(envoy("header_mutation"), "header_mutation", {
  createFactory: () => factory(() => new HeaderMutationFilter({ mutations, mostSpecificWins: false })),
});

underTheContract(MODULE, "a module with plain functions", {
  createFactory: moduleFactory({
    decodeHeaders: (stream) => stream.request.set("x-a", "1"),
    decodeData: (_stream, bytes) => Buffer.concat([bytes, bytes]),
    encodeHeaders: (stream) => stream.response?.set("x-a", "1"),
    encodeData: (_stream, bytes) => bytes.subarray(1),
  }),
});

underTheContract(MODULE, "a module that waits", {
  createFactory: moduleFactory({
    decodeHeaders: async (stream) => {
      await new Promise((resolve) => setImmediate(resolve));
      stream.request.set("x-a", "1");
    },
    encodeHeaders: async (stream) => {
      await new Promise((resolve) => setImmediate(resolve));
      stream.response?.set("x-a", "1");
    },
  }),
});

underTheContract(MODULE, "a module that answers", {
  createFactory: moduleFactory({ decodeData: (stream) => void stream.respond(403, "no") }),
});

underTheContract(MODULE, "a module that fails everywhere", {
  createFactory: moduleFactory({
    decodeTrailers: () => {
      throw new Error("oops");
    },
    encodeHeaders: () => {
      throw new Error("oops");
    },
    encodeData: () => {
      throw new Error("oops");
    },
    onDestroy: () => {
      throw new Error("oops");
    },
  }),
});

const sessions = { state: createSessionState({ type: "header", name: "x-session" }, new FakeClock()), strict: false };
underTheContract(envoy("stateful_session"), "stateful_session", {
  createFactory: () => factory(() => new StatefulSessionFilter(sessions)),
});

const ALWAYS = { defaultValue: { numerator: 100 } };

const accepts = (request: RequestHeaderMap): void => request.set("accept-encoding", "gzip");

const ofType =
  (type: string) =>
  (request: RequestHeaderMap): void => {
    request.path = "/test.Echo/Unary";
    request.set("content-type", type);
  };

const AUTHZ = { httpService: { serverUri: { uri: "http://authz.test", cluster: "authz", timeout: "1s" } } };

/** Services that filters ask: one that answers at once, later, with a refusal, and not before the filter gives up. */
const SERVICES = {
  "answers OK": answeringClient(200, false),
  answers: answeringClient(200, true),
  refuses: answeringClient(403, true),
  "says nothing": failingClient(),
} as const;

/** Filters of the table by their configuration; with a third entry by that of the route. */
const CONFIGURED: readonly {
  readonly what: string;
  readonly filter: string;
  readonly config?: JsonObject;
  readonly route?: JsonObject;
  readonly prepare?: (request: RequestHeaderMap) => void;
  readonly waitsMs?: number;
  readonly asyncClient?: AsyncClient;
}[] = [
  { what: "buffer", filter: "buffer", config: { maxRequestBytes: 100 } },
  { what: "buffer with a small limit", filter: "buffer", config: { maxRequestBytes: 4 } },
  {
    what: "cors",
    filter: "cors",
    config: {},
    route: { allowOriginStringMatch: [{ exact: "*" }] },
    prepare: (request) => request.set("origin", "http://a.test"),
  },
  {
    what: "cors that answers a preflight",
    filter: "cors",
    route: { allowOriginStringMatch: [{ exact: "*" }] },
    prepare: (request) => {
      request.method = "OPTIONS";
      request.set("origin", "http://a.test");
      request.set("access-control-request-method", "PUT");
    },
  },
  {
    what: "csrf that refuses",
    filter: "csrf",
    config: { filterEnabled: ALWAYS },
    prepare: (request) => {
      request.method = "POST";
    },
  },
  {
    what: "fault that delays",
    filter: "fault",
    config: { delay: { fixedDelay: "1s", percentage: { numerator: 100 } } },
    waitsMs: 1100,
  },
  {
    what: "fault that aborts",
    filter: "fault",
    config: { abort: { httpStatus: 503, percentage: { numerator: 100 } } },
  },
  {
    what: "fault that slows down",
    filter: "fault",
    config: { responseRateLimit: { fixedLimit: { limitKbps: "1" }, percentage: { numerator: 100 } } },
  },
  {
    what: "health_check that answers",
    filter: "health_check",
    config: { passThroughMode: false },
  },
  {
    what: "health_check that lets pass and caches",
    filter: "health_check",
    config: { passThroughMode: true, cacheTime: "1s" },
  },
  {
    what: "header_to_metadata",
    filter: "header_to_metadata",
    config: {
      requestRules: [{ header: ":path", onHeaderPresent: { key: "k" } }],
      responseRules: [{ header: ":status", onHeaderPresent: { key: "k" } }],
    },
  },
  {
    what: "set_metadata",
    filter: "set_metadata",
    config: { metadata: [{ metadataNamespace: "a", value: { a: 1 } }] },
  },
  {
    what: "set_filter_state",
    filter: "set_filter_state",
    config: {
      onRequestHeaders: [
        {
          objectKey: "a",
          factoryKey: "envoy.string",
          formatString: { textFormatSource: { inlineString: "%REQ(:path)%" } },
        },
      ],
    },
  },
  {
    what: "ip_tagging",
    filter: "ip_tagging",
    config: { ipTags: [{ ipTagName: "a", ipList: [{ addressPrefix: "0.0.0.0" }] }] },
  },
  { what: "on_demand", filter: "on_demand" },
  {
    what: "local_ratelimit",
    filter: "local_ratelimit",
    config: {
      statPrefix: "a",
      tokenBucket: { maxTokens: 1000, fillInterval: "60s" },
      filterEnabled: ALWAYS,
      filterEnforced: ALWAYS,
      enableXRatelimitHeaders: "DRAFT_VERSION_03",
    },
  },
  {
    what: "local_ratelimit that refuses",
    filter: "local_ratelimit",
    config: {
      statPrefix: "a",
      tokenBucket: { maxTokens: 1, fillInterval: "60s" },
      filterEnabled: ALWAYS,
      filterEnforced: ALWAYS,
    },
  },
  {
    what: "grpc_stats",
    filter: "grpc_stats",
    config: { statsForAllMethods: true, emitFilterState: true },
    prepare: ofType("application/grpc"),
  },
  { what: "grpc_web", filter: "grpc_web", prepare: ofType("application/grpc-web+proto") },
  { what: "grpc_web that refuses", filter: "grpc_web", prepare: ofType("application/grpc-web-text") },
  { what: "grpc_http1_bridge", filter: "grpc_http1_bridge", prepare: ofType("application/grpc") },
  {
    what: "grpc_http1_bridge that makes frames",
    filter: "grpc_http1_bridge",
    config: { upgradeProtobufToGrpc: true },
    prepare: ofType("application/x-protobuf"),
  },
  ...(["answers OK", "answers", "refuses", "says nothing"] as const).map((what) => ({
    what: `ext_authz whose service ${what}`,
    filter: "ext_authz",
    config: AUTHZ,
    asyncClient: SERVICES[what],
  })),
  {
    what: "ext_authz that holds the body",
    filter: "ext_authz",
    config: { ...AUTHZ, withRequestBody: { maxRequestBytes: 100 } },
    asyncClient: SERVICES.answers,
  },
  { what: "compressor", filter: "compressor", config: { responseDirectionConfig: {} }, prepare: accepts },
  { what: "decompressor", filter: "decompressor" },
  { what: "jwt_authn that asks for nothing", filter: "jwt_authn" },
  {
    what: "jwt_authn that refuses",
    filter: "jwt_authn",
    config: {
      providers: { p: { localJwks: { inlineString: '{"keys":[{"kty":"oct","k":"YQ"}]}' } } },
      rules: [{ match: { prefix: "/" }, requires: { providerName: "p" } }],
    },
  },
  ...(["answers OK", "answers", "says nothing"] as const).map((what) => ({
    what: `jwt_authn whose key service ${what}`,
    filter: "jwt_authn",
    config: {
      providers: { p: { remoteJwks: { httpUri: { uri: "http://keys.test", cluster: "keys", timeout: "1s" } } } },
      rules: [{ match: { prefix: "/" }, requires: { providerName: "p" } }],
    },
    prepare: (request: RequestHeaderMap) => request.set("authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA"),
    asyncClient: SERVICES[what],
  })),
  { what: "rbac that allows", filter: "rbac" },
  { what: "rbac that refuses", filter: "rbac", config: { rules: { policies: {} } } },
];
for (const { what, filter, config = {}, route, prepare, waitsMs = 0, asyncClient } of CONFIGURED) {
  const made = await makeFilter(filter, config, route, asyncClient);
  underTheContract(envoy(filter), what, {
    createFactory: () => made.factory,
    waitsMs,
    ...(made.route && { route: made.route }),
    ...(prepare && { prepare }),
  });
}

const LIMITED = {
  name: "",
  action: {
    type: "forward",
    clusterName: () => "app",
    settings: { includeVirtualHostRateLimits: false },
    rateLimits: RateLimitPolicy.of([
      { stage: 0, disableKey: "", actions: [{ type: "constant", key: "a", value: "b" }], limitFrom: null },
    ]),
  },
  virtualHost: { rateLimits: RateLimitPolicy.none },
  perFilterConfig: () => undefined,
  perFilterConfigs: () => [],
  filterDisabled: () => undefined,
  metadata: new Map(),
} as unknown as StreamRoute;

for (const [what, failureModeDeny, client] of [
  ["lets pass at once", false, answeringClient(503, false)],
  ["lets pass later", false, SERVICES["says nothing"]],
  ["refuses at once", true, answeringClient(503, false)],
  ["refuses later", true, SERVICES["says nothing"]],
] as const) {
  const config = {
    domain: "d",
    failureModeDeny,
    rateLimitService: { grpcService: { envoyGrpc: { clusterName: "limits" } } },
  };
  const made = await makeFilter("ratelimit", config, undefined, client);
  const subject = { createFactory: () => made.factory, route: LIMITED };
  underTheContract(envoy("ratelimit"), `ratelimit that ${what}`, subject);
}

it("the HTTP filter contract is put to every filter of the table but the router, which ends the chain", () => {
  const names = HTTP_FILTERS.map(({ name }) => name).filter((name) => name !== envoy("router"));
  assert.deepEqual([...underContract].sort(), names.sort());
});
