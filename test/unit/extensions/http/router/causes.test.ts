import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failureOf } from "../../../../../src/extensions/http/router/upstream-failure.ts";
import type { StreamResetReason } from "../../../../../src/http/codec.ts";
import { ResponseFlag } from "../../../../../src/http/stream-info.ts";
import { answering, hanging } from "../../../../harness/fake-upstream.ts";
import { REFUSING_PORT } from "../../../../harness/refusing-port.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { fixedRandom } from "../../../../harness/stream-fixtures.ts";
import { until } from "../../../../harness/until.ts";
import {
  asNeeded,
  type CauseRow,
  checkCauses,
  LOCAL_IS_INTERNAL,
  RESET_BODY,
  RETRIED_BODY,
  RETRY_ONCE,
} from "./causes.ts";

const ROUTE = { match: { prefix: "/" } };

function routerSettings(settings: object): object {
  const type = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
  return { http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": type, ...settings } }] };
}

function dropping(numerator: number): object {
  return { category: "lb", drop_percentage: { numerator, denominator: "HUNDRED" } };
}

const ANSWERS: readonly CauseRow[] = [
  {
    cause: "an answer of the host",
    script: answering("hi", 201),
    status: 201,
    flags: "",
    details: "via_upstream",
    body: "hi",
    headers: { "x-envoy-upstream-service-time": "0", server: "envoy" },
    counted: { "C rq_201": 1, "C rq_2xx": 1, "C rq_completed": 1, "H downstream_rq_2xx": 1, "H rq_total": 1 },
  },
  {
    cause: "an answer of the host, without the headers that the router adds",
    manager: routerSettings({ suppress_envoy_headers: true }),
    script: answering(),
    status: 200,
    flags: "",
    details: "via_upstream",
    headers: { "x-envoy-upstream-service-time": undefined },
    counted: { "C rq_200": 1 },
  },
  {
    cause: "a redirect of the route's",
    routes: [{ ...ROUTE, redirect: { host_redirect: "other.test", response_code: "FOUND" } }],
    request: { target: "/a?b=c" },
    status: 302,
    flags: "",
    details: "direct_response",
    body: "",
    headers: { location: "http://other.test/a?b=c", "content-type": undefined },
    counted: { "H rq_redirect": 1, "H downstream_rq_3xx": 1 },
  },
  {
    cause: "a direct response with the route's headers",
    routes: [
      {
        ...ROUTE,
        direct_response: { status: 418, body: { inline_string: "tea" } },
        response_headers_to_add: [{ header: { key: "x-route", value: "yes" } }],
      },
    ],
    status: 418,
    flags: "",
    details: "direct_response",
    body: "tea",
    headers: { "content-type": "text/plain", "x-route": "yes" },
    counted: { "H rq_direct_response": 1, "H downstream_rq_4xx": 1 },
  },
];

const DRESSED = {
  response_headers_to_add: [
    { header: { key: "x-code", value: "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%" } },
    { header: { key: "x-attempts", value: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%" } },
  ],
  response_headers_to_remove: ["x-of-host"],
};
const COUNTED_ATTEMPTS = { include_attempt_count_in_response: true };

const WITH_THE_ROUTES_HEADERS: readonly CauseRow[] = [
  {
    cause: "an answer of the host",
    routes: [{ ...ROUTE, route: { cluster: "app" }, ...DRESSED }],
    script: (exchange) => exchange.respond({ status: 201, headers: { "x-of-host": "1" } }),
    host: COUNTED_ATTEMPTS,
    status: 201,
    flags: "",
    details: "via_upstream",
    headers: {
      "x-code": "201 via_upstream",
      "x-attempts": "1",
      "x-envoy-attempt-count": "1",
      "x-of-host": undefined,
    },
    counted: { "C rq_201": 1 },
  },
  {
    cause: "a cluster without hosts",
    routes: [{ ...ROUTE, route: { cluster: "empty" }, ...DRESSED }],
    clusters: [sampleCluster("empty", [])],
    host: COUNTED_ATTEMPTS,
    status: 503,
    flags: "UH",
    details: "no_healthy_upstream",
    body: "no healthy upstream",
    headers: { "x-code": "503 no_healthy_upstream", "x-envoy-attempt-count": undefined },
    counted: { "cluster.empty.upstream_rq_503": 1 },
  },
  {
    cause: "a host that resets the stream",
    routes: [{ ...ROUTE, route: { cluster: "app" }, ...DRESSED }],
    script: (exchange) => exchange.reset(),
    host: COUNTED_ATTEMPTS,
    status: 503,
    flags: "UC",
    details: /^upstream_reset_before_response_started/,
    headers: { "x-attempts": "1", "x-envoy-attempt-count": "1" },
    counted: { "C rq_503": 1 },
  },
  {
    cause: "an answer of a filter",
    routes: [{ ...ROUTE, route: { cluster: "app" }, ...DRESSED }],
    manager: {
      http_filters: [
        {
          name: "envoy.filters.http.fault",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
            abort: { http_status: 429, percentage: { numerator: 100 } },
          },
        },
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        },
      ],
    },
    host: COUNTED_ATTEMPTS,
    status: 429,
    flags: "FI",
    details: "fault_filter_abort",
    headers: { "x-code": "429 fault_filter_abort", "x-envoy-attempt-count": undefined },
    counted: { "C rq_total": 0 },
  },
];

const NOWHERE_TO_GO: readonly CauseRow[] = [
  {
    cause: "no route",
    routes: [{ match: { path: "/other" }, route: { cluster: "app" } }],
    status: 404,
    flags: "NR",
    details: "route_not_found",
    body: "",
    counted: { "H no_route": 1, "H downstream_rq_4xx": 1 },
  },
  {
    cause: "a route that does not forward",
    routes: [{ ...ROUTE, non_forwarding_action: {} }],
    status: 404,
    flags: "NR",
    details: "route_not_found",
    counted: { "H no_route": 1 },
  },
  {
    cause: "a cluster header that the request lacks",
    routes: [{ ...ROUTE, route: { cluster_header: "x-cluster" } }],
    status: 503,
    flags: "NC",
    details: "cluster_not_found",
    body: "",
    counted: { "H no_cluster": 1 },
  },
  ...[
    ["NOT_FOUND", 404],
    ["INTERNAL_SERVER_ERROR", 500],
  ].map(([code, status]) => ({
    cause: `a cluster that is not there, with the status ${code}`,
    routes: [{ ...ROUTE, route: { cluster_header: "x-cluster", cluster_not_found_response_code: code } }],
    request: { headers: { "x-cluster": "__proto__" } },
    status: status as number,
    flags: "NC",
    details: "cluster_not_found",
    counted: { "H no_cluster": 1 },
  })),
  {
    cause: "a cluster without hosts",
    routes: [{ ...ROUTE, route: { cluster: "empty" } }],
    clusters: [sampleCluster("empty", [])],
    status: 503,
    flags: "UH",
    details: "no_healthy_upstream",
    body: "no healthy upstream",
    counted: { "cluster.empty.upstream_cx_none_healthy": 1, "cluster.empty.upstream_rq_503": 1 },
  },
  {
    cause: "a cluster whose hosts all are unhealthy, and no panic",
    cluster: {
      common_lb_config: { healthy_panic_threshold: { value: 0 } },
      load_assignment: {
        cluster_name: "app",
        endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(1) }, health_status: "UNHEALTHY" }] }],
      },
    },
    status: 503,
    flags: "UH",
    details: "no_healthy_upstream",
    counted: { "C cx_none_healthy": 1, "C rq_503": 1 },
  },
  {
    cause: "a cluster without hosts, for a gRPC request",
    routes: [{ ...ROUTE, route: { cluster: "empty" } }],
    clusters: [sampleCluster("empty", [])],
    request: { method: "POST", headers: { "content-type": "application/grpc" } },
    status: 200,
    flags: "UH",
    details: "no_healthy_upstream",
    body: "",
    headers: { "grpc-status": "14", "grpc-message": "no healthy upstream", "content-type": "application/grpc" },
    counted: { "cluster.empty.upstream_rq_503": 1 },
  },
  {
    cause: "an overloaded cluster that drops all",
    cluster: {
      load_assignment: {
        cluster_name: "app",
        endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(1) } }] }],
        policy: { drop_overloads: [dropping(100)] },
      },
    },
    status: 503,
    flags: "UDO",
    details: "unconditional_drop_overload",
    body: "unconditional drop overload",
    headers: { "x-envoy-unconditional-drop-overload": "true" },
    counted: { "C rq_drop_overload": 1, "C rq_503": 1, "C cx_total": 0 },
  },
  {
    cause: "an overloaded cluster that drops this one",
    cluster: {
      load_assignment: {
        cluster_name: "app",
        endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(1) } }] }],
        policy: { drop_overloads: [dropping(99)] },
      },
    },
    random: fixedRandom,
    status: 503,
    flags: "DO",
    details: "drop_overload",
    body: "drop overload",
    headers: { "x-envoy-drop-overload": "true" },
    counted: { "C rq_drop_overload": 1, "C cx_total": 0 },
  },
  {
    cause: "a header that steers the router and makes no sense, with strict_check_headers",
    manager: { ...LOCAL_IS_INTERNAL, ...routerSettings({ strict_check_headers: ["x-envoy-max-retries"] }) },
    request: { headers: { "x-envoy-max-retries": "many" } },
    status: 400,
    flags: "IH",
    details: "request_headers_failed_strict_check{x-envoy-max-retries}",
    body: "invalid header 'x-envoy-max-retries' with value 'many'",
    counted: { "C cx_total": 0 },
  },
];

const NO_CONNECTION: readonly CauseRow[] = [
  {
    cause: "a host that refuses the connection",
    upstreamPort: async () => REFUSING_PORT,
    status: 503,
    flags: "UF",
    details: /^upstream_reset_before_response_started\{remote_connection_failure\|.*Connection_refused/,
    body: `${RESET_BODY}remote connection failure`,
    counted: { "C cx_connect_fail": 1, "C rq_pending_failure_eject": 1, "C rq_503": 1, "C cx_active": 0 },
  },
  {
    // Time passes before the connection can be made, because the event loop gets no turn in between.
    cause: "a host that can't be reached in time",
    script: hanging,
    meanwhile: async ({ proxied, clock }) => {
      await until("a connection being opened", () => proxied.stat("cluster.app.upstream_rq_pending_active") === 1);
      clock.advance(5010);
    },
    status: 503,
    flags: "UF",
    details: /^upstream_reset_before_response_started\{connection_timeout/,
    body: `${RESET_BODY}connection timeout`,
    counted: { "C cx_connect_timeout": 1, "C cx_connect_fail": 1, "C rq_503": 1 },
  },
  {
    cause: "a host that refuses each attempt",
    upstreamPort: async () => REFUSING_PORT,
    action: { retry_policy: { ...RETRY_ONCE, retry_on: "connect-failure" } },
    meanwhile: asNeeded,
    status: 503,
    flags: "UF,URX",
    details: /^upstream_reset_before_response_started\{remote_connection_failure\|/,
    body: `${RETRIED_BODY}remote connection failure`,
    counted: { "C cx_connect_fail": 2, "C rq_retry": 1, "C rq_retry_limit_exceeded": 1 },
  },
  {
    cause: "more waiting requests than the circuit breaker allows",
    cluster: { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } },
    script: answering(),
    status: 503,
    flags: "UO",
    details: "upstream_reset_before_response_started{overflow}",
    body: `${RESET_BODY}overflow`,
    headers: { "x-envoy-overloaded": "true" },
    counted: { "C rq_pending_overflow": 1, "C rq_503": 1 },
  },
  {
    cause: "more waiting requests than allowed, for a router that tells nothing of itself",
    manager: routerSettings({ suppress_envoy_headers: true }),
    cluster: { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } },
    script: answering(),
    status: 503,
    flags: "UO",
    details: "upstream_reset_before_response_started{overflow}",
    headers: { "x-envoy-overloaded": undefined },
    counted: { "C rq_pending_overflow": 1 },
  },
  {
    cause: "more retries than the circuit breaker allows",
    action: { retry_policy: RETRY_ONCE },
    cluster: { circuit_breakers: { thresholds: [{ max_retries: 0 }] } },
    script: answering("bad", 500),
    status: 500,
    flags: "UO",
    details: "via_upstream",
    body: "bad",
    counted: { "C rq_retry_overflow": 1, "C rq_retry": 0, "C rq_500": 1 },
  },
];

checkCauses("what answers a request", ANSWERS);
checkCauses("the route's headers for all that answers a request", WITH_THE_ROUTES_HEADERS);
checkCauses("a request that can't be sent anywhere", NOWHERE_TO_GO);
checkCauses("a request that gets no connection", NO_CONNECTION);

describe("Router, cause and answer: the reset of an attempt", () => {
  const { UC, UF, UO, UR, UPE, LR } = ResponseFlag;
  const rows: readonly [StreamResetReason, ResponseFlag, number][] = [
    ["local connection failure", UF, 503],
    ["remote connection failure", UF, 503],
    ["connection timeout", UF, 503],
    ["connection termination", UC, 503],
    ["http/1 premature upstream half close", UC, 503],
    ["local reset", LR, 503],
    ["local refused stream reset", LR, 503],
    ["overflow", UO, 503],
    ["remote reset", UR, 503],
    ["remote refused stream reset", UR, 503],
    ["remote error with CONNECT request", UR, 503],
    ["protocol error", UPE, 502],
  ];
  for (const [reason, flag, status] of rows) {
    it(reason, () => assert.deepEqual(failureOf(reason), { flag, status }));
  }
});
