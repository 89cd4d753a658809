import type { TestContext } from "node:test";
import { answering, hanging, resetting, type UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { type Http2Script, startHttp2Upstream } from "../../../../harness/http2-upstream.ts";
import { until } from "../../../../harness/until.ts";
import {
  asNeeded,
  type Cause,
  type CauseRow,
  checkCauses,
  LOCAL_IS_INTERNAL,
  RESET_BODY,
  RETRIED_BODY,
  RETRY_ONCE,
} from "./causes.ts";

const POST = { method: "POST", body: "abc" };
const HALF = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";

const closing: UpstreamScript = (exchange) => exchange.end();
const garbage: UpstreamScript = (exchange) => exchange.write("HTTP/1.1 2x0 OK\r\n\r\n");
const half: UpstreamScript = (exchange) => exchange.write(HALF);
const halfThenEnd: UpstreamScript = (exchange) => {
  exchange.write(HALF);
  exchange.end();
};

/** Time passes once the host has the request. */
function afterwards(ms: number): Cause {
  return async ({ proxied, clock }) => {
    await until("the request at the host", () => proxied.upstream.requestCount > 0);
    clock.advance(ms);
  };
}

/** Time passes once the client has got half of its response. */
function amidResponse(ms: number): Cause {
  return async ({ proxied, clock }) => {
    await until("half of the response", () => proxied.stat("cluster.app.upstream_rq_200") === 1);
    clock.advance(ms);
  };
}

function http2Port(script: Http2Script): (test: TestContext) => Promise<number> {
  return async (test) => (await startHttp2Upstream(test, script)).port;
}

const BROKEN_BY_THE_HOST: readonly CauseRow[] = [
  {
    cause: "a host that resets the connection before it answers",
    script: resetting,
    request: POST,
    status: 503,
    flags: "UC",
    details: "upstream_reset_before_response_started{connection_termination}",
    body: `${RESET_BODY}connection termination`,
    counted: { "C rq_rx_reset": 1, "C cx_destroy_remote_with_active_rq": 1, "C rq_503": 1 },
  },
  {
    cause: "a host that closes the connection before it answers",
    script: closing,
    request: POST,
    status: 503,
    flags: "UC",
    details: "upstream_reset_before_response_started{connection_termination}",
    counted: { "C rq_rx_reset": 1, "C rq_503": 1 },
  },
  {
    cause: "a host that goes away in the middle of a response",
    script: halfThenEnd,
    status: { cut: 200 },
    flags: "UC",
    details: "upstream_reset_after_response_started{connection_termination}",
    counted: { "C rq_200": 1, "C rq_503": 0, "H rq_reset_after_downstream_response_started": 1 },
  },
  {
    cause: "a host that resets the stream before it answers",
    upstreamPort: http2Port((stream) => stream.close(8)),
    cluster: { http2_protocol_options: {} },
    request: POST,
    status: 503,
    flags: "UR",
    details: "upstream_reset_before_response_started{remote_reset}",
    body: `${RESET_BODY}remote reset`,
    counted: { "C rq_rx_reset": 1, "C rq_503": 1, "C cx_active": 1 },
  },
  {
    cause: "a host that refuses the stream",
    upstreamPort: http2Port((stream) => stream.close(7)),
    cluster: { http2_protocol_options: {} },
    request: POST,
    status: 503,
    flags: "UR",
    details: "upstream_reset_before_response_started{remote_refused_stream_reset}",
    counted: { "C rq_rx_reset": 1 },
  },
  {
    cause: "a host that resets the stream in the middle of a response",
    upstreamPort: http2Port((stream) => {
      stream.respond({ ":status": 200 });
      stream.write("half", () => stream.destroy(new Error("half is all there is")));
    }),
    cluster: { http2_protocol_options: {} },
    status: { cut: 200 },
    flags: "UR",
    details: "upstream_reset_after_response_started{remote_reset}",
    counted: { "C rq_rx_reset": 1, "H rq_reset_after_downstream_response_started": 1 },
  },
  {
    cause: "a host that does not speak HTTP",
    script: garbage,
    status: 502,
    flags: "UPE",
    details: "upstream_reset_before_response_started{protocol_error}",
    body: `${RESET_BODY}protocol error`,
    counted: { "C cx_protocol_error": 1, "C rq_502": 1 },
  },
  {
    cause: "a host that breaks the protocol in the middle of a response",
    script: (exchange) => exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n"),
    status: { cut: 200 },
    flags: "UPE",
    details: "upstream_reset_after_response_started{protocol_error}",
    counted: { "C cx_protocol_error": 1, "H rq_reset_after_downstream_response_started": 1 },
  },
  {
    cause: "a host that says more of a body than it sends",
    upstreamPort: http2Port((stream) => {
      stream.respond({ ":status": 200, "content-length": "10" });
      stream.end("half");
    }),
    cluster: { http2_protocol_options: {} },
    status: { cut: 200 },
    flags: "UPE",
    details: "upstream_reset_after_response_started{protocol_error}",
    counted: { "C cx_protocol_error": 1, "C cx_active": 0 },
  },
  {
    cause: "a bad answer to each attempt",
    script: answering("bad", 503),
    action: { retry_policy: RETRY_ONCE },
    meanwhile: asNeeded,
    status: 503,
    flags: "URX",
    details: "via_upstream",
    body: "bad",
    counted: { "C rq_retry": 1, "C rq_retry_limit_exceeded": 1, "C rq_503": 1, "C rq_total": 2 },
  },
  {
    cause: "a reset of each attempt",
    script: resetting,
    action: { retry_policy: RETRY_ONCE },
    meanwhile: asNeeded,
    status: 503,
    flags: "UC,URX",
    details: "upstream_reset_before_response_started{connection_termination}",
    body: `${RETRIED_BODY}connection termination`,
    counted: { "C rq_retry": 1, "C rq_retry_limit_exceeded": 1, "C rq_rx_reset": 2 },
  },
  {
    cause: "a body that grows too large for the retry that waits",
    action: { retry_policy: { retry_on: "5xx", retry_back_off: { base_interval: "10s" } } },
    host: { per_request_buffer_limit_bytes: 4 },
    script: (exchange) => exchange.respond({ status: 503 }),
    bytes: "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\nabc",
    meanwhile: async ({ proxied, client }) => {
      await until("the first answer", () => proxied.stat("cluster.app.upstream_rq_retry") === 1);
      client.socket.write("defghi");
    },
    status: 507,
    flags: "",
    details: "request_payload_exceeded_retry_buffer_limit",
    body: "exceeded request buffer limit while retrying upstream",
    counted: { "cluster.app.retry_or_shadow_abandoned": 1, "C rq_retry": 1 },
  },
];

const OUT_OF_TIME: readonly CauseRow[] = [
  {
    cause: "the route's timeout",
    script: hanging,
    meanwhile: afterwards(15_010),
    status: 504,
    flags: "UT",
    details: "response_timeout",
    body: "upstream request timeout",
    counted: { "C rq_timeout": 1, "C rq_504": 1, "C rq_tx_reset": 1, "C cx_active": 0 },
  },
  {
    cause: "the route's timeout, for a request that wants another answer then",
    manager: LOCAL_IS_INTERNAL,
    request: { headers: { "x-envoy-upstream-rq-timeout-alt-response": "1" } },
    script: hanging,
    meanwhile: afterwards(15_010),
    status: 204,
    flags: "UT",
    details: "response_timeout",
    body: "",
    counted: { "C rq_timeout": 1, "C rq_204": 1 },
  },
  {
    cause: "the route's timeout in the middle of a response",
    script: half,
    meanwhile: amidResponse(15_010),
    status: { cut: 200 },
    flags: "UT",
    details: "response_timeout",
    counted: { "C rq_timeout": 1, "C rq_504": 0, "C cx_active": 0 },
  },
  {
    cause: "the timeout of the only attempt",
    script: hanging,
    action: { retry_policy: { per_try_timeout: "1s" } },
    meanwhile: afterwards(1010),
    status: 504,
    flags: "UT",
    details: "upstream_per_try_timeout",
    body: "upstream request timeout",
    counted: { "C rq_per_try_timeout": 1, "C rq_timeout": 0, "C rq_504": 1 },
  },
  {
    cause: "the timeout of each attempt",
    script: hanging,
    action: { retry_policy: { ...RETRY_ONCE, per_try_timeout: "1s" } },
    meanwhile: async ({ proxied, clock }) => {
      await until("the first attempt", () => proxied.upstream.requestCount === 1);
      clock.advance(1100);
      await until("the second attempt", () => proxied.upstream.requestCount === 2);
      clock.advance(1010);
    },
    status: 504,
    flags: "UT,URX",
    details: "upstream_per_try_timeout",
    counted: { "C rq_per_try_timeout": 2, "C rq_retry": 1, "C rq_retry_limit_exceeded": 1, "C rq_504": 1 },
  },
  {
    cause: "the idle timeout of an attempt",
    script: hanging,
    action: { retry_policy: { per_try_idle_timeout: "1s" } },
    meanwhile: afterwards(1010),
    status: 504,
    flags: "UT",
    details: "upstream_per_try_idle_timeout",
    body: "upstream request timeout",
    counted: { "C rq_per_try_idle_timeout": 1, "C rq_504": 1 },
  },
  {
    cause: "the idle timeout of an attempt in the middle of its response",
    script: half,
    action: { retry_policy: { per_try_idle_timeout: "1s" } },
    meanwhile: amidResponse(1010),
    status: { cut: 200 },
    flags: "UT",
    details: "upstream_per_try_idle_timeout",
    counted: { "C rq_per_try_idle_timeout": 1, "C rq_504": 0 },
  },
  {
    cause: "the cluster's longest duration of a stream, for a request that is whole",
    script: hanging,
    cluster: { common_http_protocol_options: { max_stream_duration: "2s" } },
    meanwhile: afterwards(2010),
    status: 504,
    flags: "UMSDR",
    details: "upstream_max_stream_duration_reached",
    body: "upstream max stream duration reached",
    counted: { "C rq_max_duration_reached": 1, "C rq_tx_reset": 1, "C cx_active": 0 },
  },
  {
    cause: "the longest duration of a stream that the request wants, shorter than the cluster's",
    script: hanging,
    manager: LOCAL_IS_INTERNAL,
    cluster: { common_http_protocol_options: { max_stream_duration: "5s" } },
    request: { headers: { "x-envoy-upstream-stream-duration-ms": "2000" } },
    meanwhile: afterwards(2010),
    status: 504,
    flags: "UMSDR",
    details: "upstream_max_stream_duration_reached",
    counted: { "C rq_max_duration_reached": 1 },
  },
  {
    cause: "no longest duration of a stream, as the request wants it",
    script: hanging,
    manager: LOCAL_IS_INTERNAL,
    cluster: { common_http_protocol_options: { max_stream_duration: "5s" } },
    request: { headers: { "x-envoy-upstream-stream-duration-ms": "0" } },
    meanwhile: afterwards(15_010),
    status: 504,
    flags: "UT",
    details: "response_timeout",
    counted: { "C rq_max_duration_reached": 0 },
  },
  {
    cause: "the cluster's longest duration of a stream, for a request that is not whole",
    script: hanging,
    cluster: { common_http_protocol_options: { max_stream_duration: "2s" } },
    bytes: "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\nabc",
    meanwhile: afterwards(2010),
    status: 408,
    flags: "UMSDR",
    details: "upstream_max_stream_duration_reached",
    body: "upstream max stream duration reached",
    counted: { "C rq_max_duration_reached": 1, "C rq_tx_reset": 1, "C cx_active": 0 },
  },
  {
    cause: "the cluster's longest duration of a stream, in the middle of a response",
    script: half,
    cluster: { common_http_protocol_options: { max_stream_duration: "2s" } },
    meanwhile: amidResponse(2010),
    status: { cut: 200 },
    flags: "UMSDR",
    details: "upstream_max_stream_duration_reached",
    counted: { "C rq_max_duration_reached": 1, "C rq_tx_reset": 1 },
  },
  {
    cause: "the cluster's longest duration of a stream, of each attempt",
    script: hanging,
    cluster: { common_http_protocol_options: { max_stream_duration: "1s" } },
    action: { retry_policy: RETRY_ONCE },
    meanwhile: async ({ proxied, clock }) => {
      await until("the first attempt", () => proxied.upstream.requestCount === 1);
      clock.advance(1100);
      await until("the second attempt", () => proxied.upstream.requestCount === 2);
      clock.advance(1010);
    },
    status: 504,
    flags: "URX,UMSDR",
    details: "upstream_max_stream_duration_reached",
    counted: { "C rq_max_duration_reached": 2, "C rq_retry": 1, "C rq_retry_limit_exceeded": 1 },
  },
  {
    cause: "a stream on which nothing moves, for a request that is whole",
    script: hanging,
    action: { timeout: "0s", idle_timeout: "2s" },
    meanwhile: afterwards(2010),
    status: 504,
    flags: "SI",
    details: "stream_idle_timeout",
    body: "stream timeout",
    counted: { "H downstream_rq_idle_timeout": 1, "C rq_tx_reset": 1, "C rq_timeout": 0 },
  },
  {
    cause: "a stream on which nothing moves, for a request that is not whole",
    script: hanging,
    manager: { stream_idle_timeout: "2s" },
    bytes: "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\nabc",
    meanwhile: afterwards(2010),
    status: 408,
    flags: "SI",
    details: "stream_idle_timeout",
    body: "stream timeout",
    headers: { connection: "close" },
    counted: { "H downstream_rq_idle_timeout": 1, "C rq_tx_reset": 1 },
  },
  {
    cause: "a stream on which nothing moves, in the middle of its response",
    script: half,
    action: { timeout: "0s", idle_timeout: "2s" },
    meanwhile: amidResponse(2010),
    status: { cut: 200 },
    flags: "SI",
    details: "stream_idle_timeout",
    counted: { "H downstream_rq_idle_timeout": 1, "C rq_tx_reset": 1 },
  },
  {
    cause: "a request that takes too long to come",
    script: hanging,
    manager: { request_timeout: "2s" },
    bytes: "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\nabc",
    meanwhile: afterwards(2010),
    status: 408,
    flags: "",
    details: "request_overall_timeout",
    body: "request timeout",
    counted: { "H downstream_rq_timeout": 1, "C rq_tx_reset": 1 },
  },
  {
    cause: "a stream that has lasted too long",
    script: hanging,
    action: { max_stream_duration: { max_stream_duration: "2s" } },
    meanwhile: afterwards(2010),
    status: 504,
    flags: "",
    details: "max_duration_timeout",
    body: "downstream duration timeout",
    counted: { "H downstream_rq_max_duration_reached": 1, "C rq_tx_reset": 1 },
  },
  {
    cause: "a stream of gRPC that has lasted too long",
    script: hanging,
    action: { max_stream_duration: { grpc_timeout_header_max: "0s" } },
    request: { method: "POST", headers: { "content-type": "application/grpc", "grpc-timeout": "2S" } },
    meanwhile: afterwards(2010),
    status: 200,
    flags: "",
    details: "max_duration_timeout",
    headers: { "grpc-status": "4", "grpc-message": "downstream duration timeout" },
    counted: { "H downstream_rq_max_duration_reached": 1 },
  },
];

const LOST_BY_THE_CLIENT: readonly CauseRow[] = [
  {
    cause: "a client that leaves before its answer",
    script: hanging,
    meanwhile: async ({ proxied, client }) => {
      await until("the request at the host", () => proxied.upstream.requestCount === 1);
      client.close();
    },
    status: { cut: 0 },
    flags: "DC",
    details: "downstream_remote_disconnect",
    counted: { "H downstream_rq_rx_reset": 1, "C rq_tx_reset": 1, "C rq_active": 0 },
  },
  {
    cause: "a client that leaves in the middle of its response",
    script: half,
    meanwhile: async ({ proxied, client }) => {
      await until("half of the response", () => proxied.stat("cluster.app.upstream_rq_200") === 1);
      client.close();
    },
    status: { cut: 200 },
    flags: "DC",
    details: "downstream_remote_disconnect",
    counted: { "H downstream_rq_rx_reset": 1, "C rq_tx_reset": 1, "C cx_active": 0 },
  },
  {
    cause: "a client that leaves while its retry waits",
    script: answering("bad", 503),
    action: { retry_policy: { retry_on: "5xx", retry_back_off: { base_interval: "10s" } } },
    meanwhile: async ({ proxied, client }) => {
      await until("the retry", () => proxied.stat("cluster.app.upstream_rq_retry") === 1);
      client.close();
    },
    status: { cut: 0 },
    flags: "DC",
    details: "downstream_remote_disconnect",
    counted: { "C rq_total": 1, "C rq_active": 0, "cluster.app.circuit_breakers.default.rq_retry_open": 0 },
  },
  {
    cause: "a body that breaks the protocol",
    script: hanging,
    bytes: "POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    status: 400,
    flags: "DPE",
    details: "http1.codec_error",
    body: "Bad Request",
    headers: { connection: "close" },
    counted: { "H downstream_cx_protocol_error": 1, "C rq_active": 0 },
  },
  {
    cause: "a head that breaks the protocol",
    bytes: "GET / HTTP/1.1\r\nhost: t\r\nbad header: 1\r\n\r\n",
    status: 400,
    flags: "DPE",
    details: "http1.codec_error",
    headers: { connection: "close" },
    counted: { "H downstream_cx_protocol_error": 1, "C cx_total": 0 },
  },
];

checkCauses("a request that its host fails", BROKEN_BY_THE_HOST);
checkCauses("a request whose time is up", OUT_OF_TIME);
checkCauses("a request that its client fails", LOST_BY_THE_CLIENT);
