import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import type { UpstreamScript } from "../../../../harness/fake-upstream.ts";
import type { ClientRequest, ClientResponse } from "../../../../harness/http1-client.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

const RQ = "cluster.app.upstream_rq_";

/** Answers request number n as `answers[n]` says; `reset` ends the connection instead. */
function inTurn(...answers: readonly (number | "reset" | Readonly<Record<string, string>>)[]): UpstreamScript {
  let turn = 0;
  return async (exchange) => {
    const answer = answers[turn++] ?? 200;
    await exchange.request();
    if (answer === "reset") exchange.reset();
    else if (typeof answer === "number") exchange.respond({ status: answer, body: String(answer) });
    else exchange.respond({ headers: answer });
  };
}

interface Attempted {
  readonly proxied: Proxied;
  readonly response: ClientResponse;
}

/** Sends one request on a route with this retry policy and lets time pass until it is answered. */
async function attempt(
  test: TestContext,
  policy: object,
  script: UpstreamScript,
  request: ClientRequest = {},
  options: ProxiedOptions = {},
): Promise<Attempted> {
  const clock = new FakeClock();
  const routes = [{ match: { prefix: "/" }, route: { cluster: "app", retry_policy: policy } }];
  const proxied = await Proxied.start(test, { routes, script, clock, ...options });
  const client = await proxied.client();
  let response: ClientResponse | undefined;
  void client.request(request).then((answer) => {
    response = answer;
  });
  await until("an answer", () => {
    // Only the wait before a retry needs time; whatever else runs takes far longer than these steps add up to.
    if (proxied.stat(`${RQ}active`) === 0 && proxied.upstream.requestCount > 0) clock.advance(10);
    return response !== undefined;
  });
  return { proxied, response: response! };
}

interface Row {
  readonly name: string;
  readonly on: string;
  readonly policy?: object;
  readonly first: number | "reset" | Readonly<Record<string, string>>;
  readonly retried: boolean;
}

const ROWS: readonly Row[] = [
  { name: "5xx and a 500", on: "5xx", first: 500, retried: true },
  { name: "5xx and a reset", on: "5xx", first: "reset", retried: true },
  { name: "5xx and a 404", on: "5xx", first: 404, retried: false },
  { name: "gateway-error and a 503", on: "gateway-error", first: 503, retried: true },
  { name: "gateway-error and a 500", on: "gateway-error", first: 500, retried: false },
  { name: "reset and a reset", on: "reset", first: "reset", retried: true },
  { name: "reset and a 503", on: "reset", first: 503, retried: false },
  {
    name: "reset-before-request and a reset of a sent request",
    on: "reset-before-request",
    first: "reset",
    retried: false,
  },
  {
    name: "connect-failure and a reset of a connection that was there",
    on: "connect-failure",
    first: "reset",
    retried: false,
  },
  { name: "refused-stream and a plain reset", on: "refused-stream", first: "reset", retried: false },
  { name: "retriable-4xx and a 409", on: "retriable-4xx", first: 409, retried: true },
  { name: "retriable-4xx and a 404", on: "retriable-4xx", first: 404, retried: false },
  {
    name: "a listed status",
    on: "retriable-status-codes",
    policy: { retriable_status_codes: [404] },
    first: 404,
    retried: true,
  },
  {
    name: "a status that is listed, without its word",
    on: "reset",
    policy: { retriable_status_codes: [404] },
    first: 404,
    retried: false,
  },
  {
    name: "a listed header",
    on: "retriable-headers",
    policy: { retriable_headers: [{ name: "x-again", string_match: { exact: "yes" } }] },
    first: { "x-again": "yes" },
    retried: true,
  },
  {
    name: "another value of a listed header",
    on: "retriable-headers",
    policy: { retriable_headers: [{ name: "x-again", string_match: { exact: "yes" } }] },
    first: { "x-again": "no" },
    retried: false,
  },
  { name: "a gRPC status in the headers", on: "unavailable", first: { "grpc-status": "14" }, retried: true },
  { name: "another gRPC status", on: "cancelled,internal", first: { "grpc-status": "14" }, retried: false },
  { name: "two words", on: "retriable-4xx, 5xx", first: 503, retried: true },
  { name: "x-envoy-ratelimited", on: "5xx", first: { "x-envoy-ratelimited": "true" }, retried: false },
  {
    name: "x-envoy-ratelimited when asked for",
    on: "envoy-ratelimited",
    first: { "x-envoy-ratelimited": "true" },
    retried: true,
  },
  {
    name: "a request without the header that retries require",
    on: "5xx",
    policy: { retriable_request_headers: [{ name: "x-safe", present_match: true }] },
    first: 503,
    retried: false,
  },
];

describe("Router: what is retried", () => {
  for (const row of ROWS) {
    it(`${row.retried ? "retries" : "does not retry"} on ${row.name}`, async (test) => {
      const policy = { retry_on: row.on, ...row.policy };
      const { proxied } = await attempt(test, policy, inTurn(row.first, 200), { method: "POST", body: "x" });
      assert.equal(proxied.upstream.requestCount, row.retried ? 2 : 1);
      assert.equal(proxied.stat(`${RQ}retry`), row.retried ? 1 : 0);
      assert.equal(proxied.stat("cluster.app.circuit_breakers.default.rq_retry_open"), 0);
    });
  }
});

describe("Router: how retries go", () => {
  it("answers with the last response and counts the ones before it apart", async (test) => {
    const { proxied, response } = await attempt(test, { retry_on: "5xx", num_retries: 3 }, inTurn(500, 503, 200));
    assert.equal(response.body, "200");
    assert.equal(proxied.stat(`${RQ}retry`), 2);
    assert.equal(proxied.stat(`${RQ}retry_success`), 1);
    assert.equal(proxied.stat(`${RQ}retry_backoff_exponential`), 2);
    assert.equal(proxied.stat("cluster.app.retry.upstream_rq_500"), 1);
    assert.equal(proxied.stat("cluster.app.retry.upstream_rq_503"), 1);
    assert.equal(proxied.stat("cluster.app.retry.upstream_rq_5xx"), 2);
    assert.equal(proxied.stat(`${RQ}500`), 0);
    assert.equal(proxied.stat(`${RQ}completed`), 1);
    assert.deepEqual(await proxied.logged(), { status: 200, flags: "", details: "via_upstream" });
    assert.equal(proxied.path.logged[0]?.info.upstream?.attemptCount, 3);
  });

  it("retries once unless told otherwise, and hands on the last response with URX", async (test) => {
    const { proxied, response } = await attempt(test, { retry_on: "5xx" }, inTurn(500, 503, 200));
    assert.equal(response.status, 503);
    assert.equal(proxied.stat(`${RQ}retry_limit_exceeded`), 1);
    assert.deepEqual(await proxied.logged(), { status: 503, flags: "URX", details: "via_upstream" });
  });

  it("says that it has retried when no attempt gave a response", async (test) => {
    const { proxied, response } = await attempt(test, { retry_on: "reset" }, inTurn("reset", "reset"));
    assert.equal(response.status, 503);
    assert.match(response.body, /headers\. retried and the latest reset reason: connection termination$/);
    const details = "upstream_reset_before_response_started{connection_termination}";
    assert.deepEqual(await proxied.logged(), { status: 503, flags: "UC,URX", details });
  });

  it("does not retry when too many retries are under way in the cluster", async (test) => {
    const cluster = { circuit_breakers: { thresholds: [{ max_retries: 0 }] } };
    const { proxied, response } = await attempt(test, { retry_on: "5xx" }, inTurn(503), {}, { cluster });
    assert.equal(response.status, 503);
    assert.equal(proxied.stat(`${RQ}retry_overflow`), 1);
    assert.deepEqual(await proxied.logged(), { status: 503, flags: "UO", details: "via_upstream" });
  });

  it("retries as many as the cluster's retry budget allows, not max_retries", async (test) => {
    const thresholds = { max_retries: 0, retry_budget: { budget_percent: { value: 0 }, min_retry_concurrency: 1 } };
    const cluster = { circuit_breakers: { thresholds: [thresholds] } };
    const { proxied, response } = await attempt(test, { retry_on: "5xx" }, inTurn(503, 200), {}, { cluster });
    assert.equal(response.status, 200);
    assert.equal(proxied.stat(`${RQ}retry_overflow`), 0);
  });

  it("sends the body again", async (test) => {
    const bodies: string[] = [];
    const script: UpstreamScript = async (exchange) => {
      bodies.push((await exchange.request()).body.toString());
      exchange.respond({ status: bodies.length === 1 ? 503 : 200 });
    };
    const body = "x".repeat(100_000);
    const { response } = await attempt(test, { retry_on: "5xx" }, script, { method: "POST", body });
    assert.equal(response.status, 200);
    assert.deepEqual(bodies, [body, body]);
  });

  it("gives up on retries for a body beyond the limit", async (test) => {
    const host = { per_request_buffer_limit_bytes: 10 };
    const request = { method: "POST", body: "x".repeat(11) };
    const { proxied, response } = await attempt(test, { retry_on: "5xx" }, inTurn(503), request, { host });
    assert.equal(response.status, 503);
    assert.equal(proxied.upstream.requestCount, 1);
    assert.equal(proxied.stat("cluster.app.retry_or_shadow_abandoned"), 1);
    assert.equal((await proxied.logged()).flags, "");
  });

  it("numbers the attempts in both directions", async (test) => {
    const numbers: (string | undefined)[] = [];
    const script: UpstreamScript = (exchange) => {
      numbers.push(exchange.header("x-envoy-attempt-count"));
      exchange.respond({ status: numbers.length === 1 ? 503 : 200 });
    };
    const host = { include_request_attempt_count: true, include_attempt_count_in_response: true };
    const { response } = await attempt(test, { retry_on: "5xx" }, script, {}, { host });
    assert.deepEqual(numbers, ["1", "2"]);
    assert.equal(response.header("x-envoy-attempt-count"), "2");
  });

  it("retries a refused connection, and says so when that fails too", async (test) => {
    const options = { port: 1 };
    const clock = new FakeClock();
    const routes = [
      { match: { prefix: "/" }, route: { cluster: "app", retry_policy: { retry_on: "connect-failure" } } },
    ];
    const proxied = await Proxied.start(test, { ...options, routes, clock });
    const response = (await proxied.client()).request();
    await until("a retry", () => proxied.stat(`${RQ}retry`) === 1);
    clock.advance(260);
    assert.equal((await response).status, 503);
    assert.equal((await proxied.logged()).flags, "UF,URX");
  });
});

describe("Router: waits before a retry", () => {
  async function waitsFor(test: TestContext, policy: object, first: Readonly<Record<string, string>> | number) {
    const clock = new FakeClock();
    const random = { uint32: () => 0, fraction: () => 0.5, uuid: () => "id" };
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app", retry_policy: policy } }];
    const proxied = await Proxied.start(test, { routes, clock, random, script: inTurn(first, 503, 503, 503) });
    const client = await proxied.client();
    client.request().catch(() => {});
    const waits: number[] = [];
    const started = (): number => proxied.stat(`${RQ}total`) + proxied.stat(`${RQ}pending_active`);
    for (let retry = 1; retry <= 3; retry++) {
      await until("a retry to wait for", () => proxied.stat(`${RQ}retry`) === retry);
      const startMs = clock.nowMs();
      while (started() === retry && clock.nowMs() < startMs + 10_000) clock.advance(10);
      waits.push(clock.nowMs() - startMs);
    }
    return { waits, proxied };
  }

  it("doubles its bound up to the maximum", async (test) => {
    const backOff = { base_interval: "0.1s", max_interval: "0.3s" };
    const { waits } = await waitsFor(test, { retry_on: "5xx", num_retries: 3, retry_back_off: backOff }, 503);
    assert.deepEqual(waits, [50, 100, 150]);
  });

  it("obeys the response's rate limit, and half as long again at most", async (test) => {
    const policy = {
      retry_on: "5xx,retriable-headers",
      num_retries: 3,
      retriable_headers: [{ name: "retry-after", present_match: true }],
      rate_limited_retry_back_off: { reset_headers: [{ name: "Retry-After", format: "SECONDS" }] },
    };
    const { waits, proxied } = await waitsFor(test, policy, { "retry-after": "2" });
    assert.equal(waits[0], 2500);
    assert.ok(waits[1]! < 250);
    assert.equal(proxied.stat(`${RQ}retry_backoff_ratelimited`), 1);
    assert.equal(proxied.stat(`${RQ}retry_backoff_exponential`), 2);
  });

  it("ends with the client: nothing is sent for one that left", async (test) => {
    const clock = new FakeClock();
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app", retry_policy: { retry_on: "5xx" } } }];
    const proxied = await Proxied.start(test, { routes, clock, script: inTurn(503) });
    const client = await proxied.client();
    client.request().catch(() => {});
    await until("a retry to wait for", () => proxied.stat(`${RQ}retry`) === 1);
    client.close();
    await proxied.logged();
    clock.advance(1000);
    assert.equal(proxied.stat(`${RQ}total`), 1);
    assert.equal(proxied.upstream.requestCount, 1);
  });

  it("ends with the route timeout", async (test) => {
    const clock = new FakeClock();
    const route = {
      cluster: "app",
      timeout: "1s",
      retry_policy: { retry_on: "5xx", retry_back_off: { base_interval: "100s", max_interval: "100s" } },
    };
    const random = { uint32: () => 0, fraction: () => 0.9, uuid: () => "id" };
    const proxied = await Proxied.start(test, {
      routes: [{ match: { prefix: "/" }, route }],
      clock,
      random,
      script: inTurn(503),
    });
    const client = await proxied.client();
    const response = client.request();
    await until("a retry to wait for", () => proxied.stat(`${RQ}retry`) === 1);
    clock.advance(1010);
    assert.equal((await response).status, 504);
    assert.deepEqual(await proxied.logged(), { status: 504, flags: "UT", details: "response_timeout" });
  });
});

describe("Router: the time of one try", () => {
  it("is up, and the next host gets the rest", async (test) => {
    const clock = new FakeClock();
    const route = { cluster: "app", timeout: "10s", retry_policy: { retry_on: "5xx", per_try_timeout: "1s" } };
    const host = { include_is_timeout_retry_header: true };
    const proxied = await Proxied.start(test, { routes: [{ match: { prefix: "/" }, route }], host, clock });
    const client = await proxied.client();
    const response = client.request();
    const first = await proxied.upstream.nextRequest();
    assert.equal(first.header("x-envoy-expected-rq-timeout-ms"), "1000");
    assert.equal(first.header("x-envoy-is-timeout-retry"), undefined);
    clock.advance(1010);
    assert.equal(proxied.stat(`${RQ}per_try_timeout`), 1);
    clock.advance(300);
    const second = await proxied.upstream.nextRequest();
    assert.equal(second.header("x-envoy-is-timeout-retry"), "true");
    second.respond({ body: "late" });
    assert.equal((await response).body, "late");
    await first.connection.whenClosed;
  });

  it("is up for good without a retry that covers it", async (test) => {
    const clock = new FakeClock();
    const route = { cluster: "app", retry_policy: { retry_on: "connect-failure", per_try_timeout: "1s" } };
    const proxied = await Proxied.start(test, { routes: [{ match: { prefix: "/" }, route }], clock });
    const client = await proxied.client();
    const response = client.request();
    await proxied.upstream.nextRequest();
    clock.advance(1010);
    assert.equal((await response).status, 504);
    assert.deepEqual(await proxied.logged(), { status: 504, flags: "UT", details: "upstream_per_try_timeout" });
    assert.equal(proxied.stat(`${RQ}timeout`), 0);
  });

  it("does not count once a response has begun", async (test) => {
    const clock = new FakeClock();
    const route = { cluster: "app", retry_policy: { retry_on: "5xx", per_try_timeout: "1s" } };
    const proxied = await Proxied.start(test, { routes: [{ match: { prefix: "/" }, route }], clock });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha");
    await until("the first half", () => proxied.stat(`${RQ}200`) === 1);
    clock.advance(2000);
    exchange.write("lf");
    assert.equal((await response).body, "half");
  });
});

describe("Router: the silence of one try", () => {
  const idle = (more: object) => ({ cluster: "app", retry_policy: { per_try_idle_timeout: "1s", ...more } });

  it("is up when nothing of a response comes, and the next host gets the request", async (test) => {
    const clock = new FakeClock();
    const routes = [{ match: { prefix: "/" }, route: idle({ retry_on: "5xx" }) }];
    const proxied = await Proxied.start(test, { routes, clock });
    const response = (await proxied.client()).request();
    await proxied.upstream.nextRequest();
    clock.advance(1010);
    assert.equal(proxied.stat(`${RQ}per_try_idle_timeout`), 1);
    clock.advance(300);
    (await proxied.upstream.nextRequest()).respond({ body: "second" });
    assert.equal((await response).body, "second");
  });

  it("begins anew with each piece of the response, and cuts one that breaks off", async (test) => {
    const clock = new FakeClock();
    const routes = [{ match: { prefix: "/" }, route: idle({ retry_on: "5xx" }) }];
    const proxied = await Proxied.start(test, { routes, clock });
    const response = (await proxied.client()).request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n");
    await until("the head", () => proxied.stat(`${RQ}200`) === 1);
    clock.advance(900);
    exchange.write("ab");
    await until("a piece", () => proxied.stat("cluster.app.upstream_cx_rx_bytes_total") === 40);
    clock.advance(900);
    assert.equal(proxied.stat(`${RQ}per_try_idle_timeout`), 0);
    clock.advance(200);
    await assert.rejects(response, /ended before the response/);
    const { flags, details } = await proxied.logged();
    assert.deepEqual([flags, details], ["UT", "upstream_per_try_idle_timeout"]);
  });

  it("does not matter once the response is whole", async (test) => {
    const clock = new FakeClock();
    const routes = [{ match: { prefix: "/" }, route: idle({}) }];
    const proxied = await Proxied.start(test, { routes, clock });
    const client = await proxied.client();
    const response = client.request();
    (await proxied.upstream.nextRequest()).respond({ body: "first" });
    assert.equal((await response).body, "first");
    clock.advance(5000);
    assert.equal(proxied.stat(`${RQ}per_try_idle_timeout`), 0);
    assert.equal(client.closed, false);
  });
});

describe("Router: what a trusted request may ask for", () => {
  const internal = {
    manager: {
      internal_address_config: { cidr_ranges: [{ address_prefix: "127.0.0.1", prefix_len: 32 }] },
      use_remote_address: true,
    },
  };

  it("is retried as its headers say, which go no further", async (test) => {
    const seen: (string | undefined)[] = [];
    const script: UpstreamScript = (exchange) => {
      seen.push(exchange.header("x-envoy-retry-on"), exchange.header("x-envoy-max-retries"));
      exchange.respond({ status: seen.length < 6 ? 503 : 200 });
    };
    const headers = { "x-envoy-retry-on": "5xx", "x-envoy-max-retries": "2" };
    const { proxied, response } = await attempt(test, {}, script, { headers }, internal);
    assert.equal(response.status, 200);
    assert.equal(proxied.upstream.requestCount, 3);
    assert.deepEqual(seen, new Array(6).fill(undefined));
  });

  it("chooses statuses and headers to be retried for", async (test) => {
    const headers = { "x-envoy-retry-on": "retriable-status-codes", "x-envoy-retriable-status-codes": "404, 410" };
    const { proxied } = await attempt(test, {}, inTurn(410, 200), { headers }, internal);
    assert.equal(proxied.upstream.requestCount, 2);
  });

  it("chooses its timeouts, and an answer of 204", async (test) => {
    const clock = new FakeClock();
    const proxied = await Proxied.start(test, { clock, ...internal });
    const client = await proxied.client();
    const headers = { "x-envoy-upstream-rq-timeout-ms": "500", "x-envoy-upstream-rq-timeout-alt-response": "1" };
    const response = client.request({ headers });
    const exchange = await proxied.upstream.nextRequest();
    assert.equal(exchange.header("x-envoy-expected-rq-timeout-ms"), "500");
    assert.equal(exchange.header("x-envoy-upstream-rq-timeout-ms"), undefined);
    clock.advance(510);
    assert.equal((await response).status, 204);
  });

  it("is nothing from outside", async (test) => {
    const headers = { "x-envoy-retry-on": "5xx", "x-envoy-max-retries": "2" };
    const { proxied, response } = await attempt(test, {}, inTurn(503, 200), { headers });
    assert.equal(response.status, 503);
    assert.equal(proxied.upstream.requestCount, 1);
  });
});
