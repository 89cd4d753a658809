import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { FakeUpstream } from "../harness/fake-upstream.ts";
import { type ClientResponse, Http1Client } from "../harness/http1-client.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";
import type { UpstreamExchange } from "../harness/upstream-exchange.ts";

const WORKERS = 3;
const ROUTES = [
  { match: { prefix: "/high" }, route: { cluster: "app", priority: "HIGH" } },
  { match: { prefix: "/" }, route: { cluster: "app" } },
];

/** A host that answers nothing before it is told to. */
class HoldingUpstream {
  readonly server: FakeUpstream;
  readonly held: UpstreamExchange[] = [];

  private constructor(server: FakeUpstream) {
    this.server = server;
    server.setScript((exchange) => void this.held.push(exchange));
  }

  static async start(t: TestContext): Promise<HoldingUpstream> {
    const server = await FakeUpstream.start();
    t.after(() => server.close());
    return new HoldingUpstream(server);
  }

  /** Answers what waits, and everything from now on at once. */
  release(): void {
    this.server.setScript((exchange) => exchange.respond({ body: "ok" }));
    for (const exchange of this.held.splice(0)) exchange.respond({ body: "ok" });
  }
}

/** Connections are given to the workers in turn. */
async function start(t: TestContext, clusters: readonly object[]): Promise<RunningProxy> {
  const listeners = [{ routes: ROUTES, more: { connection_balance_config: { exact_balance: {} } } }];
  return startTestProxy(t, { config: sampleBootstrap({ listeners, clusters }), concurrency: WORKERS });
}

async function clientsOf(t: TestContext, proxy: RunningProxy, count: number): Promise<Http1Client[]> {
  const clients: Http1Client[] = [];
  for (let at = 0; at < count; at++) clients.push(await Http1Client.connect(proxy.port()));
  t.after(() => {
    for (const client of clients) client.close();
  });
  return clients;
}

function limited(upstream: HoldingUpstream, circuit_breakers: object): object {
  return sampleCluster("app", [loopback(upstream.server.port)], { circuit_breakers });
}

async function become(proxy: RunningProxy, expected: Readonly<Record<string, number>>): Promise<void> {
  let seen: Record<string, number | undefined> = {};
  const isThere = async (): Promise<boolean> => {
    const stats = await proxy.stats("cluster.");
    seen = Object.fromEntries(Object.keys(expected).map((name) => [name, stats.get(`cluster.${name}`)]));
    return isDeepStrictEqual(seen, expected);
  };
  await proxy.until(JSON.stringify(expected), isThere, 20_000).catch(() => assert.deepEqual(seen, expected));
}

function outcomes(responses: readonly ClientResponse[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const response of responses) {
    const overloaded = response.header("x-envoy-overloaded") ?? "";
    const outcome = `${response.status} ${overloaded}`.trim();
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

describe("Circuit breakers over several workers", () => {
  it("let as many requests through as max_requests says, by priority, and answer all others with 503", async (t) => {
    const upstream = await HoldingUpstream.start(t);
    const thresholds = [
      { max_requests: 5, track_remaining: true },
      { priority: "HIGH", max_requests: 3, track_remaining: true },
    ];
    const proxy = await start(t, [limited(upstream, { thresholds })]);
    const clients = await clientsOf(t, proxy, 24);
    const answers = clients.map((client, at) => client.request({ target: at % 2 === 0 ? "/" : "/high" }));
    await until("the requests that may", () => upstream.held.length === 8);
    await become(proxy, {
      "app.upstream_rq_pending_overflow": 16,
      "app.upstream_rq_active": 8,
      "app.circuit_breakers.default.rq_open": 1,
      "app.circuit_breakers.default.remaining_rq": 0,
      "app.circuit_breakers.high.rq_open": 1,
      "app.circuit_breakers.high.remaining_rq": 0,
    });
    assert.equal(upstream.held.filter(({ target }) => target === "/high").length, 3);
    upstream.release();
    assert.deepEqual(outcomes(await Promise.all(answers)), { "200": 8, "503 true": 16 });
    await become(proxy, {
      "app.circuit_breakers.default.rq_open": 0,
      "app.circuit_breakers.default.remaining_rq": 5,
      "app.circuit_breakers.high.remaining_rq": 3,
      "app.circuit_breakers.default.remaining_pending": 1024,
      "app.circuit_breakers.default.remaining_retries": 3,
    });
  });

  it("open as many connections to a host as per_host_thresholds say; all else waits for one of them", async (t) => {
    const [one, other] = [await HoldingUpstream.start(t), await HoldingUpstream.start(t)];
    const per_host_thresholds = [{ max_connections: 4 }];
    const addresses = [loopback(one.server.port), loopback(other.server.port)];
    const proxy = await start(t, [sampleCluster("app", addresses, { circuit_breakers: { per_host_thresholds } })]);
    const clients = await clientsOf(t, proxy, 30);
    const answers: Promise<ClientResponse>[] = [];
    // One after the other, so that each worker has its connection to each host before the limit is reached.
    for (const client of clients) {
      answers.push(client.request());
      const sent = answers.length;
      await until("the request", () => one.held.length + other.held.length >= Math.min(sent, 2 * WORKERS));
    }
    await until("as many connections as may be", () => one.held.length === 4 && other.held.length === 4);
    await become(proxy, { "app.upstream_cx_active": 8, "app.upstream_rq_pending_active": 22 });
    assert.deepEqual([one.server.openConnections, other.server.openConnections], [4, 4]);
    assert.ok((await proxy.stats("overflow")).get("cluster.app.upstream_cx_overflow")! > 0);
    one.release();
    other.release();
    assert.deepEqual(outcomes(await Promise.all(answers)), { "200": 30 });
    assert.deepEqual([one.server.connections.length, other.server.connections.length], [4, 4]);
  });

  it("count the connections to a host of both priorities, and follow a reload", async (t) => {
    const upstream = await HoldingUpstream.start(t);
    const limit = (max_connections: number) => ({
      per_host_thresholds: [{ max_connections: 99 }, { priority: "HIGH", max_connections }],
    });
    const proxy = await start(t, [limited(upstream, limit(WORKERS))]);
    const clients = await clientsOf(t, proxy, 3 * WORKERS);
    const answers = clients.slice(0, 2 * WORKERS).map((client) => client.request());
    await until("requests of default priority", () => upstream.held.length === 2 * WORKERS);
    // No more than the one that each pool may always have.
    for (const client of clients.slice(2 * WORKERS)) answers.push(client.request({ target: "/high" }));
    for (const client of await clientsOf(t, proxy, WORKERS)) answers.push(client.request({ target: "/high" }));
    await become(proxy, { "app.upstream_cx_active": 3 * WORKERS, "app.upstream_rq_pending_active": WORKERS });
    const listeners = [{ routes: ROUTES, more: { connection_balance_config: { exact_balance: {} } } }];
    await proxy.reload(sampleBootstrap({ listeners, clusters: [limited(upstream, limit(4 * WORKERS))] }));
    const more = (await clientsOf(t, proxy, WORKERS)).map((client) => client.request({ target: "/high" }));
    await become(proxy, { "app.upstream_cx_active": 4 * WORKERS });
    upstream.release();
    assert.deepEqual(outcomes(await Promise.all([...answers, ...more])), { "200": 5 * WORKERS });
  });

  it("give back what a worker held of a host when it crashes", async (t) => {
    const upstream = await HoldingUpstream.start(t);
    const proxy = await start(t, [limited(upstream, { per_host_thresholds: [{ max_connections: WORKERS }] })]);
    const clients = await clientsOf(t, proxy, WORKERS);
    for (const client of clients) void client.request();
    await until("a connection of each worker", () => upstream.held.length === WORKERS);
    await proxy.post("/actors/worker-1/crash");
    await until("the end of its connections", () => upstream.server.openConnections === WORKERS - 1);
    const restarts = async () => JSON.parse((await proxy.admin("/workers?format=json")).body).workers[0].restarts;
    await proxy.until("the new worker", async () => (await restarts()) === 1, 20_000);
    // What has room for one more opens it, whichever worker that is.
    void (await clientsOf(t, proxy, 1))[0]!.request();
    await proxy.until("another connection", async () => upstream.held.length > WORKERS, 20_000);
    await become(proxy, { "app.upstream_cx_active": WORKERS });
    assert.equal(upstream.server.openConnections, WORKERS);
  });

  it("make as many pools as max_connection_pools says, and another one when one is gone", async (t) => {
    const upstream = await HoldingUpstream.start(t);
    const thresholds = [{ max_connection_pools: WORKERS - 1, track_remaining: true }];
    const proxy = await start(t, [limited(upstream, { thresholds })]);
    const clients = await clientsOf(t, proxy, WORKERS);
    const first = clients.slice(1).map((client) => client.request());
    await until("requests in all pools there may be", () => upstream.held.length === WORKERS - 1);
    await become(proxy, {
      "app.circuit_breakers.default.cx_pool_open": 1,
      "app.circuit_breakers.default.remaining_cx_pools": 0,
      "app.circuit_breakers.high.cx_pool_open": 0,
    });
    assert.deepEqual(outcomes([await clients[0]!.request()]), { "503 true": 1 });
    await become(proxy, { "app.upstream_cx_pool_overflow": 1, "app.upstream_cx_overflow": 0 });
    for (const exchange of upstream.held.splice(0)) {
      exchange.respond({ headers: { connection: "close" } });
      exchange.end();
    }
    assert.deepEqual(outcomes(await Promise.all(first)), { "200": WORKERS - 1 });
    await become(proxy, {
      "app.circuit_breakers.default.cx_pool_open": 0,
      "app.circuit_breakers.default.remaining_cx_pools": WORKERS - 1,
    });
    upstream.release();
    assert.deepEqual(outcomes([await clients[0]!.request()]), { "200": 1 });
  });
});
