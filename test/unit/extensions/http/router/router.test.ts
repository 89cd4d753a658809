import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering, hanging, resetting, type UpstreamScript } from "../../../../harness/fake-upstream.ts";
import { sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied, type ProxiedOptions } from "../../proxied.ts";

interface Row extends ProxiedOptions {
  readonly name: string;
  readonly request?: { readonly method?: string; readonly target?: string; readonly headers?: Record<string, string> };
  readonly status: number;
  readonly flags: string;
  readonly details: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Counters that are 1 afterwards. */
  readonly counted?: readonly string[];
}

const ROUTE = { match: { prefix: "/" } };
const RESET_BODY = "upstream connect error or disconnect/reset before headers. reset reason: ";
/** Loopback ports that nobody listens on: bound, and closed again. */
async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const garbage: UpstreamScript = (exchange) => exchange.write("HTTP/1.1 2x0 OK\r\n\r\n");
const closing: UpstreamScript = (exchange) => exchange.end();

const ROWS: readonly Row[] = [
  {
    name: "an answer of the upstream",
    script: answering("hi", 201),
    status: 201,
    flags: "",
    details: "via_upstream",
    body: "hi",
    headers: { "x-envoy-upstream-service-time": "0", server: "envoy" },
    counted: [
      "cluster.app.upstream_rq_201",
      "cluster.app.upstream_rq_2xx",
      "cluster.app.upstream_rq_completed",
      "cluster.app.external.upstream_rq_201",
      "http.ingress.downstream_rq_2xx",
      "http.ingress.rq_total",
    ],
  },
  {
    name: "no route",
    routes: [{ match: { path: "/other" }, route: { cluster: "app" } }],
    status: 404,
    flags: "NR",
    details: "route_not_found",
    body: "",
    counted: ["http.ingress.no_route", "http.ingress.downstream_rq_4xx"],
  },
  {
    name: "a route that does not forward",
    routes: [{ ...ROUTE, non_forwarding_action: {} }],
    status: 404,
    flags: "NR",
    details: "route_not_found",
  },
  {
    name: "a cluster header that the request lacks",
    routes: [{ ...ROUTE, route: { cluster_header: "x-cluster" } }],
    status: 503,
    flags: "NC",
    details: "cluster_not_found",
    body: "",
    counted: ["http.ingress.no_cluster"],
  },
  {
    name: "a cluster that is not there, with another status",
    routes: [{ ...ROUTE, route: { cluster_header: "x-cluster", cluster_not_found_response_code: "NOT_FOUND" } }],
    request: { headers: { "x-cluster": "__proto__" } },
    status: 404,
    flags: "NC",
    details: "cluster_not_found",
  },
  {
    name: "a cluster without hosts",
    routes: [{ ...ROUTE, route: { cluster: "empty" } }],
    clusters: [sampleCluster("empty", [])],
    status: 503,
    flags: "UH",
    details: "no_healthy_upstream",
    body: "no healthy upstream",
    counted: ["cluster.empty.upstream_cx_none_healthy", "cluster.empty.upstream_rq_503"],
  },
  {
    name: "a host that resets the connection before it answers",
    script: resetting,
    request: { method: "POST" },
    status: 503,
    flags: "UC",
    details: "upstream_reset_before_response_started{connection_termination}",
    body: `${RESET_BODY}connection termination`,
    counted: ["cluster.app.upstream_rq_rx_reset", "cluster.app.upstream_rq_503"],
  },
  {
    name: "a host that closes the connection before it answers",
    script: closing,
    request: { method: "POST" },
    status: 503,
    flags: "UC",
    details: "upstream_reset_before_response_started{connection_termination}",
  },
  {
    name: "a host that does not speak HTTP",
    script: garbage,
    status: 502,
    flags: "UPE",
    details: "upstream_reset_before_response_started{protocol_error}",
    body: `${RESET_BODY}protocol error`,
    counted: ["cluster.app.upstream_cx_protocol_error", "cluster.app.upstream_rq_502"],
  },
  {
    name: "more requests than the circuit breaker allows",
    cluster: { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } },
    script: answering(),
    status: 503,
    flags: "UO",
    details: "upstream_reset_before_response_started{overflow}",
    body: `${RESET_BODY}overflow`,
    headers: { "x-envoy-overloaded": "true" },
    counted: ["cluster.app.upstream_rq_pending_overflow", "cluster.app.upstream_rq_503"],
  },
  {
    name: "a redirect",
    routes: [{ ...ROUTE, redirect: { host_redirect: "other.test", response_code: "FOUND" } }],
    request: { target: "/a?b=c" },
    status: 302,
    flags: "",
    details: "direct_response",
    body: "",
    headers: { location: "http://other.test/a?b=c", "content-type": undefined },
    counted: ["http.ingress.rq_redirect"],
  },
  {
    name: "a direct response with the route's headers",
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
    counted: ["http.ingress.rq_direct_response"],
  },
  {
    name: "an answer without the headers that the router adds",
    manager: {
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            suppress_envoy_headers: true,
          },
        },
      ],
    },
    script: answering(),
    status: 200,
    flags: "",
    details: "via_upstream",
    headers: { "x-envoy-upstream-service-time": undefined },
  },
];

describe("Router: cause and answer", () => {
  for (const row of ROWS) {
    it(row.name, async (test) => {
      const proxied = await Proxied.start(test, { ...row, clock: new FakeClock() });
      const client = await proxied.client();
      const response = await client.request(row.request);
      assert.equal(response.status, row.status);
      if (row.body !== undefined) assert.equal(response.body, row.body);
      for (const [name, value] of Object.entries(row.headers ?? {})) assert.equal(response.header(name), value, name);
      assert.deepEqual(await proxied.logged(), { status: row.status, flags: row.flags, details: row.details });
      for (const name of row.counted ?? []) assert.equal(proxied.stat(name), 1, name);
      assert.equal(proxied.stat("http.ingress.downstream_rq_active"), 0);
    });
  }

  it("a host that refuses the connection", async (test) => {
    const proxied = await Proxied.start(test, { port: await closedPort() });
    const response = await (await proxied.client()).request();
    assert.equal(response.status, 503);
    assert.equal(response.body, `${RESET_BODY}remote connection failure`);
    const { flags, details } = await proxied.logged();
    assert.equal(flags, "UF");
    assert.match(details, /^upstream_reset_before_response_started\{remote_connection_failure\|.*Connection_refused/);
    assert.equal(proxied.stat("cluster.app.upstream_cx_connect_fail"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_pending_failure_eject"), 1);
  });

  it("a host that can't be reached in time", async (test) => {
    const clock = new FakeClock();
    // Time passes before the connection can be made, because the event loop gets no turn in between.
    const proxied = await Proxied.start(test, { clock, script: hanging });
    const client = await proxied.client();
    const response = client.request();
    await until("a connection being opened", () => proxied.stat("cluster.app.upstream_rq_pending_active") === 1);
    clock.advance(5010);
    assert.equal((await response).body, `${RESET_BODY}connection timeout`);
    const { flags, details } = await proxied.logged();
    assert.equal(flags, "UF");
    assert.match(details, /^upstream_reset_before_response_started\{connection_timeout/);
    assert.equal(proxied.stat("cluster.app.upstream_cx_connect_timeout"), 1);
  });

  it("a route timeout", async (test) => {
    const clock = new FakeClock();
    const proxied = await Proxied.start(test, { clock });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    assert.equal(exchange.header("x-envoy-expected-rq-timeout-ms"), "15000");
    clock.advance(14_990);
    assert.equal(proxied.path.logged.length, 0);
    clock.advance(20);
    assert.equal((await response).status, 504);
    assert.equal((await response).body, "upstream request timeout");
    assert.deepEqual(await proxied.logged(), { status: 504, flags: "UT", details: "response_timeout" });
    assert.equal(proxied.stat("cluster.app.upstream_rq_timeout"), 1);
    assert.equal(proxied.stat("cluster.app.upstream_rq_504"), 1);
    await exchange.connection.whenClosed;
  });

  it("a route timeout in the middle of a response", async (test) => {
    const clock = new FakeClock();
    const proxied = await Proxied.start(test, { clock });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    await until("the first half", () => proxied.stat("cluster.app.upstream_rq_200") === 1);
    clock.advance(15_010);
    await assert.rejects(response);
    assert.deepEqual(await proxied.logged(), { status: 200, flags: "UT", details: "response_timeout" });
    await exchange.connection.whenClosed;
  });

  it("a host that goes away in the middle of a response", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    exchange.end();
    await assert.rejects(response);
    const details = "upstream_reset_after_response_started{connection_termination}";
    assert.deepEqual(await proxied.logged(), { status: 200, flags: "UC", details });
    assert.equal(proxied.stat("http.ingress.rq_reset_after_downstream_response_started"), 1);
  });

  it("a client that leaves frees its upstream at once", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    client.request().catch(() => {});
    const exchange = await proxied.upstream.nextRequest();
    client.close();
    await exchange.connection.whenClosed;
    assert.deepEqual(await proxied.logged(), { status: 0, flags: "DC", details: "downstream_remote_disconnect" });
    assert.equal(proxied.stat("cluster.app.upstream_rq_active"), 0);
    assert.equal(proxied.stat("cluster.app.upstream_rq_tx_reset"), 1);
  });

  it("a client that leaves while its request waits for a connection", async (test) => {
    const clock = new FakeClock();
    const proxied = await Proxied.start(test, {
      clock,
      cluster: { circuit_breakers: { thresholds: [{ max_connections: 1 }] } },
    });
    const first = await proxied.client();
    first.request().catch(() => {});
    await proxied.upstream.nextRequest();
    const second = await proxied.client();
    second.request().catch(() => {});
    await until("a request that waits", () => proxied.stat("cluster.app.upstream_rq_pending_active") === 1);
    second.close();
    await until("nobody waiting", () => proxied.stat("cluster.app.upstream_rq_pending_active") === 0);
    assert.equal(proxied.stat("cluster.app.upstream_rq_cancelled"), 1);
  });
});

describe("Router: connections that die as they are used again", () => {
  async function reusedConnection(test: Parameters<typeof Proxied.start>[0]) {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const first = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.respond({ body: "1" });
    await first;
    return { proxied, client };
  }

  it("sends a safe request once more", async (test) => {
    const { proxied, client } = await reusedConnection(test);
    const response = client.request();
    (await proxied.upstream.nextRequest()).reset();
    const again = await proxied.upstream.nextRequest();
    again.respond({ body: "2" });
    assert.equal((await response).body, "2");
    assert.equal(proxied.upstream.connections.length, 2);
    assert.equal(proxied.stat("cluster.app.upstream_rq_retry"), 1);
  });

  it("sends it once more only", async (test) => {
    const { proxied, client } = await reusedConnection(test);
    const response = client.request();
    (await proxied.upstream.nextRequest()).reset();
    (await proxied.upstream.nextRequest()).reset();
    assert.equal((await response).status, 503);
    assert.match((await response).body, /retried and the latest reset reason: connection termination/);
  });

  it("repeats no POST", async (test) => {
    const { proxied, client } = await reusedConnection(test);
    const response = client.request({ method: "POST", body: "x" });
    (await proxied.upstream.nextRequest()).reset();
    assert.equal((await response).status, 503);
    assert.equal(proxied.upstream.requestCount, 2);
  });

  it("repeats no request that was answered with a byte", async (test) => {
    const { proxied, client } = await reusedConnection(test);
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 103 Early Hints\r\n\r\n");
    await until("the hints", () => proxied.stat("cluster.app.upstream_cx_rx_bytes_total") > 60);
    exchange.reset();
    assert.equal((await response).status, 503);
    assert.equal(proxied.upstream.requestCount, 2);
  });
});

describe("Router: requests on their way", () => {
  it("sends body and trailers on, chunked as they came", async (test) => {
    const manager = { http_protocol_options: { enable_trailers: true } };
    const cluster = { http_protocol_options: { enable_trailers: true } };
    const proxied = await Proxied.start(test, { manager, cluster });
    const client = await proxied.client();
    const response = client.send(
      "POST",
      "POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n",
    );
    const exchange = await proxied.upstream.nextRequest();
    const request = await exchange.request();
    assert.equal(request.body.toString(), "abc");
    assert.deepEqual(request.trailers, [["x-sum", "7"]]);
    exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-end: 1\r\n\r\n");
    assert.equal((await response).body, "ok");
  });

  it("rewrites path and host, and says what they were", async (test) => {
    const routes = [
      { match: { prefix: "/old" }, route: { cluster: "app", prefix_rewrite: "/new", host_rewrite_literal: "inner" } },
    ];
    const proxied = await Proxied.start(test, { routes });
    const client = await proxied.client();
    const response = client.request({ target: "/old/x?y" });
    const exchange = await proxied.upstream.nextRequest();
    assert.equal(exchange.target, "/new/x?y");
    assert.equal(exchange.header("host"), "inner");
    assert.equal(exchange.header("x-envoy-original-path"), "/old/x?y");
    assert.equal(exchange.header("x-envoy-original-host"), "test");
    exchange.respond();
    assert.equal((await response).status, 200);
  });

  it("picks a weighted cluster with one random value per request", async (test) => {
    const values = [0, 1];
    const random = { uint32: () => values.shift()!, fraction: () => 0, uuid: () => "id" };
    const proxied = await Proxied.start(test, {
      random,
      script: answering(),
      routes: [
        {
          ...ROUTE,
          route: {
            weighted_clusters: {
              clusters: [
                { name: "app", weight: 1 },
                { name: "none", weight: 1 },
              ],
            },
          },
        },
      ],
      clusters: [sampleCluster("none", [])],
    });
    const client = await proxied.client();
    assert.equal((await client.request()).status, 200);
    assert.equal((await client.request()).status, 503);
  });
});
