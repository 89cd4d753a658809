import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { hanging } from "../../../../harness/fake-upstream.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied } from "../../proxied.ts";

const H = "http.ingress.";
const ANSWER = [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "hi" } } }];

describe("HttpConnectionManager: timeouts", () => {
  interface TimeoutRow {
    readonly name: string;
    readonly manager?: object;
    readonly route?: object;
    readonly headers?: Readonly<Record<string, string>>;
    /** Whether the whole request is sent. */
    readonly whole: boolean;
    readonly afterMs: number;
    readonly status: number;
    readonly body: string;
    readonly flags: string;
    readonly details: string;
    readonly stat: string;
  }
  const STREAM_IDLE = {
    body: "stream timeout",
    flags: "SI",
    details: "stream_idle_timeout",
    stat: "downstream_rq_idle_timeout",
  };
  const DURATION = {
    body: "downstream duration timeout",
    flags: "",
    details: "max_duration_timeout",
    stat: "downstream_rq_max_duration_reached",
  };
  const rows: readonly TimeoutRow[] = [
    { name: "a request whose body stops coming", whole: false, afterMs: 300_000, status: 408, ...STREAM_IDLE },
    {
      name: "a response that never comes, on a route without timeout",
      route: { timeout: "0s" },
      whole: true,
      afterMs: 300_000,
      status: 504,
      ...STREAM_IDLE,
    },
    {
      name: "a stream idle timeout of the connection manager's",
      manager: { stream_idle_timeout: "2s" },
      whole: true,
      afterMs: 2000,
      status: 504,
      ...STREAM_IDLE,
    },
    {
      name: "a stream idle timeout of the route's",
      route: { idle_timeout: "3s" },
      whole: true,
      afterMs: 3000,
      status: 504,
      ...STREAM_IDLE,
    },
    {
      name: "a request that takes too long to come",
      manager: { request_timeout: "4s" },
      whole: false,
      afterMs: 4000,
      status: 408,
      body: "request timeout",
      flags: "",
      details: "request_overall_timeout",
      stat: "downstream_rq_timeout",
    },
    {
      name: "a stream's longest duration",
      manager: { common_http_protocol_options: { max_stream_duration: "5s" } },
      whole: true,
      afterMs: 5000,
      status: 504,
      ...DURATION,
    },
    {
      name: "a longest duration of the route's",
      manager: { common_http_protocol_options: { max_stream_duration: "1s" } },
      route: { max_stream_duration: { max_stream_duration: "6s" } },
      whole: false,
      afterMs: 6000,
      status: 408,
      ...DURATION,
    },
    {
      name: "a longest duration that the client says with grpc-timeout",
      route: { max_stream_duration: { grpc_timeout_header_max: "10s", grpc_timeout_header_offset: "0.5s" } },
      headers: { "grpc-timeout": "2S" },
      whole: true,
      afterMs: 1500,
      status: 504,
      ...DURATION,
    },
    {
      name: "a longest duration that bounds grpc-timeout",
      route: { max_stream_duration: { grpc_timeout_header_max: "3s" } },
      headers: { "grpc-timeout": "1H" },
      whole: true,
      afterMs: 3000,
      status: 504,
      ...DURATION,
    },
  ];
  for (const row of rows) {
    it(`ends ${row.name}`, async (test) => {
      const clock = new FakeClock();
      const routes = [{ match: { prefix: "/" }, route: { cluster: "app", ...row.route } }];
      const proxied = await Proxied.start(test, { clock, routes, manager: row.manager ?? {} });
      const client = await proxied.client();
      const headers = { ...row.headers, ...(!row.whole && { "content-length": "10" }) };
      const response = client.request({ method: "POST", headers });
      const exchange = await proxied.upstream.nextRequest();
      clock.advance(row.afterMs - 20);
      assert.equal(proxied.path.logged.length, 0, "it ended too early");
      clock.advance(30);
      assert.equal((await response).status, row.status);
      assert.equal((await response).body, row.body);
      assert.deepEqual(await proxied.logged(), { status: row.status, flags: row.flags, details: row.details });
      assert.equal(proxied.stat(H + row.stat), 1);
      await exchange.connection.whenClosed;
    });
  }

  it("does not end a stream on which something moves", async (test) => {
    const clock = new FakeClock();
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app", timeout: "0s" } }];
    const proxied = await Proxied.start(test, { clock, routes, manager: { stream_idle_timeout: "1s" } });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    for (let i = 1; i <= 5; i++) {
      const before = proxied.stat("cluster.app.upstream_cx_rx_bytes_total");
      exchange.write("x");
      await until("a byte", () => proxied.stat("cluster.app.upstream_cx_rx_bytes_total") > before);
      clock.advance(900);
    }
    assert.equal((await response).body, "xxxxx");
  });

  it("cuts a response that stops coming", async (test) => {
    const clock = new FakeClock();
    const routes = [{ match: { prefix: "/" }, route: { cluster: "app", timeout: "0s" } }];
    const proxied = await Proxied.start(test, { clock, routes, manager: { stream_idle_timeout: "1s" } });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nx");
    await until("a byte", () => proxied.stat("cluster.app.upstream_rq_200") === 1);
    clock.advance(1020);
    await assert.rejects(response);
    assert.deepEqual(await proxied.logged(), { status: 200, flags: "SI", details: "stream_idle_timeout" });
    await exchange.connection.whenClosed;
  });

  it("closes a connection that waits too long for its next request", async (test) => {
    const clock = new FakeClock();
    const manager = { common_http_protocol_options: { idle_timeout: "2s" } };
    const proxied = await Proxied.start(test, { clock, manager, routes: ANSWER });
    const client = await proxied.client();
    clock.advance(1500);
    await client.request();
    clock.advance(1900);
    assert.equal(proxied.stat(`${H}downstream_cx_idle_timeout`), 0);
    clock.advance(110);
    assert.equal(proxied.stat(`${H}downstream_cx_idle_timeout`), 1);
    await until("the end of the connection", () => client.closed);
  });

  it("does not count a request as idleness of its connection", async (test) => {
    const clock = new FakeClock();
    const manager = { common_http_protocol_options: { idle_timeout: "2s" } };
    const proxied = await Proxied.start(test, { clock, manager });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    clock.advance(5000);
    exchange.respond({ body: "slow" });
    assert.equal((await response).body, "slow");
    assert.equal(client.closed, false);
  });

  it("does not count a request whose head is coming in as idleness of its connection", async (test) => {
    const clock = new FakeClock();
    const manager = { common_http_protocol_options: { idle_timeout: "2s" } };
    const proxied = await Proxied.start(test, { clock, manager, routes: ANSWER });
    const client = await proxied.client();
    const response = client.send("GET", "GET / HTTP/1.1\r\n");
    await until("the first bytes", () => proxied.stat(`${H}downstream_cx_rx_bytes_total`) > 10);
    clock.advance(5000);
    assert.equal(proxied.stat(`${H}downstream_cx_idle_timeout`), 0);
    client.socket.write("host: t\r\n\r\n");
    assert.equal((await response).status, 200);
    clock.advance(2010);
    assert.equal(proxied.stat(`${H}downstream_cx_idle_timeout`), 1);
  });

  it("closes a connection that has lasted too long, after its request", async (test) => {
    const clock = new FakeClock();
    const manager = { common_http_protocol_options: { max_connection_duration: "3s" } };
    const proxied = await Proxied.start(test, { clock, manager });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    clock.advance(3010);
    assert.equal(proxied.stat(`${H}downstream_cx_max_duration_reached`), 1);
    exchange.respond({ body: "last" });
    assert.equal((await response).header("connection"), "close");
    await until("the end of the connection", () => client.closed);
  });

  for (const [setting, details, stat, body] of [
    [
      { request_headers_timeout: "1s" },
      "request_header_timeout",
      "downstream_rq_header_timeout",
      "request header timeout",
    ],
    [{ request_timeout: "1s" }, "request_overall_timeout", "downstream_rq_timeout", "request timeout"],
    [{ stream_idle_timeout: "1s" }, "stream_idle_timeout", "downstream_rq_idle_timeout", "stream timeout"],
  ] as const) {
    it(`answers 408 to a head that does not get complete: ${details}`, async (test) => {
      const clock = new FakeClock();
      const proxied = await Proxied.start(test, { clock, manager: setting });
      const client = await proxied.client();
      const response = client.send("GET", "GET / HTTP/1.1\r\nhost: t\r\n");
      const read = (): number => proxied.stat(`${H}downstream_cx_rx_bytes_total`);
      await until("the first bytes", () => read() > 20);
      clock.advance(600);
      client.socket.write("x-more: 1\r\n");
      await until("more bytes", () => read() > 30);
      clock.advance(410);
      assert.equal((await response).status, 408);
      assert.equal((await response).body, body);
      await until("the end of the connection", () => client.closed);
      assert.equal((await proxied.logged()).details, details);
      assert.equal(proxied.stat(H + stat), 1);
      assert.equal(proxied.stat(`${H}downstream_rq_active`), 0);
    });
  }

  it("forgets the time of a head that got complete", async (test) => {
    const clock = new FakeClock();
    const proxied = await Proxied.start(test, { clock, manager: { request_headers_timeout: "1s" }, script: hanging });
    const client = await proxied.client();
    client.send("GET", "GET / HTTP/1.1\r\nho").catch(() => {});
    await until("the first bytes", () => proxied.stat(`${H}downstream_cx_rx_bytes_total`) > 5);
    client.socket.write("st: t\r\n\r\n");
    await until("the request", () => proxied.upstream.requestCount === 1);
    clock.advance(5000);
    assert.equal(proxied.stat(`${H}downstream_rq_header_timeout`), 0);
    assert.equal(client.closed, false);
  });
});

describe("HttpConnectionManager: nothing left behind", () => {
  it("has no timer armed for clients that left", async (test) => {
    const clock = new FakeClock();
    const manager = {
      request_timeout: "100s",
      request_headers_timeout: "100s",
      common_http_protocol_options: { max_stream_duration: "100s", max_connection_duration: "100s" },
    };
    const proxied = await Proxied.start(test, { clock, manager });
    const before = clock.timers.armedCount;
    const clients = await Promise.all([1, 2, 3].map(() => proxied.client()));
    clients[0]!.request().catch(() => {});
    clients[1]!.send("POST", "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 9\r\n\r\nhal").catch(() => {});
    clients[2]!.send("GET", "GET / HT").catch(() => {});
    await until("two requests", () => proxied.upstream.requestCount === 2);
    for (const client of clients) client.close();
    await until("the end of all connections", () => proxied.stat(`${H}downstream_cx_active`) === 0);
    await until("the end of the upstream's", () => proxied.upstream.openConnections === 0);
    assert.equal(clock.timers.armedCount, before);
    assert.equal(proxied.stat(`${H}downstream_rq_active`), 0);
    assert.equal(proxied.stat("cluster.app.upstream_cx_active"), 0);
  });
});
