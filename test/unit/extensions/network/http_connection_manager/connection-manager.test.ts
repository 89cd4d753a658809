import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering } from "../../../../harness/fake-upstream.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied } from "../../proxied.ts";

const H = "http.ingress.";
const ANSWER = [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "hi" } } }];

describe("HttpConnectionManager: responses", () => {
  it("says who answers and when, and hides who answered before", async (test) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5));
    const proxied = await Proxied.start(test, { clock, routes: ANSWER });
    const response = await (await proxied.client()).request();
    assert.equal(response.header("server"), "envoy");
    assert.equal(response.header("date"), "Fri, 02 Jan 2026 03:04:05 GMT");
    assert.equal(response.header("connection"), undefined);
  });

  it("keeps the date that the upstream has said, and replaces its server", async (test) => {
    const proxied = await Proxied.start(test, { manager: { server_name: "troupe" } });
    const client = await proxied.client();
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.respond({ headers: { date: "then", server: "upstream", "keep-alive": "timeout=5" } });
    assert.equal((await response).header("date"), "then");
    assert.equal((await response).header("server"), "troupe");
    assert.equal((await response).header("keep-alive"), undefined);
  });

  for (const [mode, expected] of [
    ["APPEND_IF_ABSENT", "upstream"],
    ["PASS_THROUGH", "upstream"],
    ["OVERWRITE", "envoy"],
  ]) {
    it(`gives a server header the way ${mode} says`, async (test) => {
      const proxied = await Proxied.start(test, { manager: { server_header_transformation: mode } });
      const client = await proxied.client();
      const response = client.request();
      (await proxied.upstream.nextRequest()).respond({ headers: { server: "upstream" } });
      assert.equal((await response).header("server"), expected);
    });
  }

  it("returns the request id when told to", async (test) => {
    const proxied = await Proxied.start(test, {
      manager: { always_set_request_id_in_response: true },
      routes: ANSWER,
    });
    const response = await (await proxied.client()).request({ headers: { "x-request-id": "abc" } });
    assert.equal(response.header("x-request-id"), "abc");
  });

  it("answers HEAD with the headers of GET and nothing behind them", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = client.request({ method: "HEAD" });
    (await proxied.upstream.nextRequest()).respond({ headers: { "content-length": "5" } });
    assert.equal((await response).header("content-length"), "5");
    assert.equal((await response).body, "");
    const next = client.request();
    (await proxied.upstream.nextRequest()).respond({ body: "next" });
    assert.equal((await next).body, "next");
    assert.equal(proxied.upstream.connections.length, 1);
  });

  it("passes interim responses on, but 100 only with proxy_100_continue", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const received: Buffer[] = [];
    client.socket.on("data", (chunk: Buffer) => received.push(chunk));
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    exchange.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
    exchange.respond({ body: "done" });
    assert.equal((await response).body, "done");
    const text = Buffer.concat(received).toString("latin1");
    assert.match(text, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>\r\n\r\nHTTP\/1\.1 200/);
  });

  it("answers gRPC in gRPC's way", async (test) => {
    const proxied = await Proxied.start(test, { routes: [{ match: { path: "/none" }, route: { cluster: "app" } }] });
    const response = await (await proxied.client()).request({ headers: { "content-type": "application/grpc" } });
    assert.equal(response.status, 200);
    assert.equal(response.header("grpc-status"), "12");
  });
});

describe("HttpConnectionManager: requests it refuses", () => {
  const rows = [
    { name: "a fragment", target: "/a#b", status: 400, details: "path_normalization_failed", manager: {} },
    {
      name: "an escaped slash, if so configured",
      target: "/a%2fb",
      status: 400,
      details: "path_normalization_failed",
      manager: { path_with_escaped_slashes_action: "REJECT_REQUEST" },
    },
    {
      name: "an absolute target, if so configured",
      target: "http://other/a",
      status: 404,
      details: "absolute_path_rejected",
      manager: { http_protocol_options: { allow_absolute_url: false } },
    },
  ];
  for (const { name, target, status, details, manager } of rows) {
    it(name, async (test) => {
      const proxied = await Proxied.start(test, { manager, script: answering() });
      const client = await proxied.client();
      const response = await client.request({ target });
      assert.equal(response.status, status);
      assert.deepEqual(await proxied.logged(), { status, flags: "", details });
      assert.equal(proxied.upstream.requestCount, 0);
      assert.equal((await client.request()).status, 200);
    });
  }

  it("sends the client to the clean path if so configured", async (test) => {
    const manager = { normalize_path: true, path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT" };
    const proxied = await Proxied.start(test, { manager });
    const response = await (await proxied.client()).request({ target: "/a%2fb?q" });
    assert.equal(response.status, 307);
    assert.equal(response.header("location"), "/a/b?q");
    assert.equal(proxied.stat(`${H}downstream_rq_redirected_with_normalized_path`), 1);
  });

  it("never sends the client to another host by a path that begins with several slashes", async (test) => {
    const manager = { path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT" };
    const proxied = await Proxied.start(test, { manager });
    const client = await proxied.client();
    for (const target of ["/%2fevil.example/x", "/%5cevil.example/x", "/%2F%5C%2fevil.example/x"]) {
      const response = await client.request({ target });
      assert.equal(response.status, 307);
      assert.equal(response.header("location"), "/evil.example/x");
    }
  });

  it("an upgrade, whose bytes never reach the upstream", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = client.send(
      "GET",
      "GET / HTTP/1.1\r\nhost: t\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: t\r\n\r\n",
    );
    assert.equal((await response).status, 403);
    await until("the end of the connection", () => client.closed);
    assert.equal(proxied.upstream.connections.length, 0);
    assert.equal(proxied.stat(`${H}downstream_rq_ws_on_non_ws_route`), 1);
  });

  it("bytes that are no HTTP, with DPE and the connection's end", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = await client.send("GET", "GET / HTTP/1.1\r\nhost: t\r\nbad header: x\r\n\r\n");
    assert.equal(response.status, 400);
    assert.equal(response.header("connection"), "close");
    assert.equal(response.header("server"), "envoy");
    assert.match(response.header("date") ?? "", / GMT$/);
    assert.equal(response.header("content-type"), "text/plain");
    assert.equal(response.body, "Bad Request");
    await until("the end of the connection", () => client.closed);
    const { flags, status } = await proxied.logged();
    assert.deepEqual({ flags, status }, { flags: "DPE", status: 400 });
    assert.equal(proxied.path.logged[0]?.info.bytesSent, 11);
    assert.equal(proxied.stat(`${H}downstream_cx_protocol_error`), 1);
    assert.equal(proxied.stat(`${H}downstream_rq_4xx`), 1);
    assert.equal(proxied.stat(`${H}downstream_rq_active`), 0);
  });

  it("a body that breaks off its framing, with its stream's log line and an upstream that is freed", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = client.send("POST", "POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
    const exchange = await proxied.upstream.nextRequest();
    client.socket.write("zz\r\n");
    assert.equal((await response).status, 400);
    await exchange.connection.whenClosed;
    const { flags, status } = await proxied.logged();
    assert.deepEqual({ flags, status }, { flags: "DPE", status: 400 });
  });

  it("a head that is too large", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = client.request({ headers: { "x-large": "x".repeat(61 * 1024) } });
    assert.equal((await response).status, 431);
  });
});

describe("HttpConnectionManager: headers between hops", () => {
  it("drops what concerns one hop, and what Connection names", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = client.send(
      "GET",
      "GET / HTTP/1.1\r\nhost: t\r\nconnection: x-secret, x-forwarded-for, keep-alive\r\nx-secret: 1\r\n" +
        "x-forwarded-for: 1.2.3.4\r\nkeep-alive: 5\r\nproxy-connection: x\r\nte: gzip, trailers\r\nx-kept: 1\r\n\r\n",
    );
    const exchange = await proxied.upstream.nextRequest();
    for (const name of ["connection", "x-secret", "keep-alive", "proxy-connection"]) {
      assert.equal(exchange.header(name), undefined, name);
    }
    assert.equal(exchange.header("x-forwarded-for"), "1.2.3.4");
    assert.equal(exchange.header("te"), "trailers");
    assert.equal(exchange.header("x-kept"), "1");
    exchange.respond({ headers: { connection: "x-inner", "x-inner": "1", "x-outer": "1" } });
    assert.equal((await response).header("x-inner"), undefined);
    assert.equal((await response).header("x-outer"), "1");
  });

  it("takes the headers of internal_only_headers off external requests", async (test) => {
    const proxied = await Proxied.start(test, { routeConfig: { internal_only_headers: ["X-Team"] } });
    const client = await proxied.client();
    const response = client.request({ headers: { "x-team": "a", "x-other": "b" } });
    const exchange = await proxied.upstream.nextRequest();
    assert.equal(exchange.header("x-team"), undefined);
    assert.equal(exchange.header("x-other"), "b");
    exchange.respond();
    await response;
  });
});

describe("HttpConnectionManager: the end of connections", () => {
  it("closes after the configured number of requests", async (test) => {
    const proxied = await Proxied.start(test, {
      manager: { common_http_protocol_options: { max_requests_per_connection: 2 } },
      routes: ANSWER,
    });
    const client = await proxied.client();
    assert.equal((await client.request()).header("connection"), undefined);
    assert.equal((await client.request()).header("connection"), "close");
    await until("the end of the connection", () => client.closed);
    assert.equal(proxied.stat(`${H}downstream_cx_max_requests_reached`), 1);
  });

  it("closes when the client asks for it", async (test) => {
    const proxied = await Proxied.start(test, { routes: ANSWER });
    const client = await proxied.client();
    assert.equal((await client.request({ headers: { connection: "close" } })).header("connection"), "close");
    await until("the end of the connection", () => client.closed);
  });

  it("announces the end while its listener drains", async (test) => {
    const proxied = await Proxied.start(test, { routes: ANSWER });
    const client = await proxied.client();
    await client.request();
    proxied.path.handler.startDrain({ timeMs: 60_000, strategy: "immediate" });
    assert.equal((await client.request()).header("connection"), "close");
    await until("the end of the connection", () => client.closed);
    assert.equal(proxied.stat(`${H}downstream_cx_drain_close`), 1);
  });

  it("closes after an answer that came before the whole request", async (test) => {
    const proxied = await Proxied.start(test);
    const client = await proxied.client();
    const response = client.send("POST", "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nhalf");
    const exchange = await proxied.upstream.nextRequest();
    exchange.respond({ status: 413, body: "no" });
    assert.equal((await response).status, 413);
    assert.equal((await response).header("connection"), "close");
    await exchange.connection.whenClosed;
    await until("the end of the connection", () => client.closed);
    assert.equal(proxied.stat(`${H}downstream_rq_response_before_rq_complete`), 1);
  });

  it("answers pipelined requests in order", async (test) => {
    const proxied = await Proxied.start(test, {
      script: async (exchange) => exchange.respond({ body: exchange.target }),
    });
    const client = await proxied.client();
    const responses = await Promise.all(["/1", "/2", "/3"].map((target) => client.request({ target })));
    assert.deepEqual(
      responses.map(({ body }) => body),
      ["/1", "/2", "/3"],
    );
  });

  it("counts connections and requests, and leaves no gauge behind", async (test) => {
    const proxied = await Proxied.start(test, { routes: ANSWER });
    const client = await proxied.client();
    await client.request();
    assert.equal(proxied.stat(`${H}downstream_cx_active`), 1);
    client.close();
    await until("the end of the connection", () => proxied.stat(`${H}downstream_cx_active`) === 0);
    for (const [name, value] of Object.entries({
      downstream_cx_total: 1,
      downstream_cx_http1_total: 1,
      downstream_cx_http1_active: 0,
      downstream_cx_destroy: 1,
      downstream_cx_destroy_remote: 1,
      downstream_rq_total: 1,
      downstream_rq_http1_total: 1,
      downstream_rq_completed: 1,
      downstream_rq_active: 0,
      downstream_cx_tx_bytes_buffered: 0,
    })) {
      assert.equal(proxied.stat(H + name), value, name);
    }
  });
});
