import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { answering } from "../../../../harness/fake-upstream.ts";
import { sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { until } from "../../../../harness/until.ts";
import { Proxied } from "../../proxied.ts";

describe("Router: the end of a request", () => {
  it("comes with the route's timeout, of which the host was told", async (test) => {
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

  it("frees the upstream at once when the client leaves", async (test) => {
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

  it("frees a place in the queue when the client leaves", async (test) => {
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

  it("repeats no request whose response breaks off in its head", async (test) => {
    const { proxied, client } = await reusedConnection(test);
    const response = client.request();
    const exchange = await proxied.upstream.nextRequest();
    const before = proxied.stat("cluster.app.upstream_cx_rx_bytes_total");
    exchange.write("HTTP/1.1 200 OK\r\ncontent-le");
    await until("the bytes", () => proxied.stat("cluster.app.upstream_cx_rx_bytes_total") > before);
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
          match: { prefix: "/" },
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
