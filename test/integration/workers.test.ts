import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client, requestOnce } from "../harness/http1-client.ts";
import { LoadClient } from "../harness/load-client.ts";
import { describeLoad, failedRequests } from "../harness/load-report.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy, StartProxyOptions } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

interface WorkersAnswer {
  readonly concurrency: number;
  readonly workers: readonly {
    readonly name: string;
    readonly status: string;
    readonly snapshot_version: number;
    readonly restarts: number;
    readonly answering: boolean;
    readonly connections: number;
  }[];
}

async function workers(proxy: RunningProxy): Promise<WorkersAnswer> {
  return JSON.parse((await proxy.admin("/workers?format=json")).body);
}

async function start(t: TestContext, options: StartProxyOptions): Promise<RunningProxy> {
  return startTestProxy(t, options);
}

const saying = (text: string) => sampleBootstrap({ listeners: [{ routes: [answerRoute(text)] }] });

/** Blocks worker-1 of two, and resolves when it is known not to answer. */
async function withBlockedWorker(t: TestContext, ms: number): Promise<RunningProxy> {
  const proxy = await start(t, { config: saying("before"), concurrency: 2 });
  const answer = await proxy.post(`/actors/worker-1/block?ms=${ms}`);
  assert.equal(answer.status, 200);
  await proxy.until("the silence of worker-1", async () => {
    return (await workers(proxy)).workers.some(({ name, answering }) => name === "worker-1" && !answering);
  });
  return proxy;
}

/** A response of worker-2, whichever worker a connection may land on. */
async function answerOfTheOther(proxy: RunningProxy): Promise<string> {
  const attempts = Array.from({ length: 32 }, () => Http1Client.connect(proxy.port()));
  const clients = await Promise.all(attempts);
  try {
    return (await Promise.any(clients.map((client) => client.request()))).body;
  } finally {
    for (const client of clients) client.close();
  }
}

describe("A blocked worker", () => {
  it("holds up no page of the admin, and each says who does not answer", async (t) => {
    const proxy = await withBlockedWorker(t, 60_000);
    const pages = [
      { page: "/ready", says: /^LIVE\nworker-1 has not answered for / },
      { page: "/actors", says: /^partial: worker-1 has not answered for .*\n(?:.*\n)+! supervisor\/worker-1 / },
      { page: "/workers", says: /worker-1 .* no, for / },
      { page: "/config_status", says: /worker-1: version 1 \(not answering\)/ },
      { page: "/stats", says: /^listener_manager.workers_started: 1$/m },
      { page: "/stats/prometheus", says: /^envoy_server_live/m },
      { page: "/clusters", says: /^/ },
      { page: "/listeners", says: /^ingress::127\.0\.0\.1:\d+\n/ },
      { page: "/memory", says: /"thread": ?"worker-1"[^}]*"answering": ?false/s },
      { page: "/config_dump", says: /ingress/ },
      { page: "/server_info", says: /LIVE/ },
    ];
    for (const { page, says } of pages) {
      // A machine that is held up is given another try; what waits for the worker would never be fast.
      await proxy.until(`${page} within 1 s`, async () => {
        const startMs = performance.now();
        const { status, body, headers } = await proxy.admin(page);
        if (performance.now() - startMs >= 1000 || headers["x-troupe-not-answering"] !== "worker-1") return false;
        assert.equal(status, 200, page);
        assert.match(body, says, page);
        return true;
      });
    }
    assert.equal(await answerOfTheOther(proxy), "before");
  });

  it("holds up a reload until it answers again; the old configuration serves meanwhile", async (t) => {
    const proxy = await withBlockedWorker(t, 8000);
    const reload = proxy.reload(saying("after"));
    await proxy.until("the reload to be shown", async () => {
      return /a change is under way/.test((await proxy.admin("/config_status")).body);
    });
    assert.equal(await answerOfTheOther(proxy), "before");
    const { status, body } = await reload;
    assert.equal(status, 200, body);
    const { workers: all } = await workers(proxy);
    assert.deepEqual(
      all.map(({ snapshot_version: version }) => version),
      [2, 2],
    );
    assert.equal((await requestOnce(proxy.port())).body, "after");
  });

  it("makes a reload fail that has waited long enough, and takes part in the next one", async (t) => {
    const proxy = await withBlockedWorker(t, 16_000);
    const refused = await proxy.reload(saying("refused"));
    assert.equal(refused.status, 400);
    assert.match(refused.body, /worker-1: no answer within 10000 ms/);
    assert.equal(await answerOfTheOther(proxy), "before");
    const next = await proxy.reload(saying("after"));
    assert.equal(next.status, 200, next.body);
    assert.equal((await requestOnce(proxy.port())).body, "after");
    const { workers: all } = await workers(proxy);
    assert.equal(new Set(all.map(({ snapshot_version: version }) => version)).size, 1);
    assert.deepEqual(
      all.map(({ restarts }) => restarts),
      [0, 0],
    );
  });
});

describe("A worker that crashes", () => {
  it("comes back with the latest configuration, and its counters are kept", async (t) => {
    const proxy = await start(t, { config: saying("before"), concurrency: 1 });
    for (let i = 0; i < 3; i++) await requestOnce(proxy.port());
    await proxy.reload(saying("after"));
    const client = await Http1Client.connect(proxy.port());
    t.after(() => client.close());
    assert.equal((await client.request()).body, "after");
    assert.equal((await proxy.post("/actors/worker-1/crash")).status, 200);
    await proxy.until("the restart", async () => {
      const [worker] = (await workers(proxy)).workers;
      return worker?.restarts === 1 && worker.status === "running";
    });
    await until("the end of its connection", () => client.closed);
    assert.equal((await requestOnce(proxy.port())).body, "after");
    assert.equal((await workers(proxy)).workers[0]?.snapshot_version, 2);
    assert.equal((await proxy.stats("downstream_rq_total")).get("http.ingress.downstream_rq_total"), 5);
    assert.match((await proxy.admin("/actors")).body, /told to crash/);
  });

  it("can't be asked for without --enable-debug-endpoints", async (t) => {
    const proxy = await start(t, { config: saying("here"), debugEndpoints: false });
    for (const command of ["crash", "block?ms=1"]) {
      assert.equal((await proxy.post(`/actors/worker-1/${command}`)).status, 405);
    }
    assert.equal((await requestOnce(proxy.port())).body, "here");
  });

  it("gives back what it held of the circuit breakers", async (t) => {
    const upstream = await FakeUpstream.start();
    t.after(() => upstream.close());
    const thresholds = { circuit_breakers: { thresholds: [{ max_requests: 1 }] } };
    const clusters = [sampleCluster("app", [loopback(upstream.port)], thresholds)];
    const proxy = await start(t, { config: sampleBootstrap({ clusters }), concurrency: 1 });
    const client = await Http1Client.connect(proxy.port());
    const lost = client.request();
    await upstream.nextRequest();
    await proxy.post("/actors/worker-1/crash");
    await assert.rejects(lost);
    upstream.setScript(answering("ok"));
    await proxy.until("the restart", async () => {
      return (await requestOnce(proxy.port()).catch(() => undefined))?.body === "ok";
    });
  });
});

describe("The number of workers", () => {
  it("may be changed while a request is under way: its connection ends with that response, as announced", async (t) => {
    const upstream = await FakeUpstream.start();
    t.after(() => upstream.close());
    const config = sampleBootstrap({
      listeners: [{ more: { connection_balance_config: { exact_balance: {} } }, routes: [clusterRoute("app")] }],
      clusters: [sampleCluster("app", [loopback(upstream.port)])],
    });
    const proxy = await start(t, { config, concurrency: 2 });
    const clients = await Promise.all([Http1Client.connect(proxy.port()), Http1Client.connect(proxy.port())]);
    t.after(() => {
      for (const client of clients) client.close();
    });
    const responses = clients.map((client) => client.request());
    const exchanges = [await upstream.nextRequest(), await upstream.nextRequest()];
    assert.equal((await proxy.post("/workers?count=1")).status, 200);
    const shown = await workers(proxy);
    assert.deepEqual([shown.concurrency, shown.workers.map(({ status }) => status)], [1, ["running", "draining"]]);
    for (const exchange of exchanges) exchange.respond();
    const announced = (await Promise.all(responses)).map(({ header }) => header("connection"));
    assert.deepEqual(announced.toSorted(), ["close", undefined]);
    await proxy.until("the end of the second worker", async () => (await workers(proxy)).workers.length === 1);
    await until("the end of its connection", () => clients.some(({ closed }) => closed));
    assert.equal(clients.filter((client) => client.closed).length, 1);
    const { get } = await proxy
      .stats("downstream_rq_total")
      .then((stats) => ({ get: (name: string) => stats.get(name) }));
    assert.equal(get("http.ingress.downstream_rq_total"), 2);
  });

  for (const { name, more } of [
    { name: "worker by worker", more: {} },
    { name: "on the main thread", more: { connection_balance_config: { exact_balance: {} } } },
  ]) {
    it(`may be changed while new connections keep coming that are accepted ${name}`, async (t) => {
      const config = sampleBootstrap({ listeners: [{ more, routes: [answerRoute("here")] }] });
      const proxy = await start(t, { config, args: ["--drain-time-s", "1"] });
      const load = await LoadClient.start({ port: proxy.port(), connections: 16, requestsPerConnection: 1 });
      for (const count of [4, 2, 3, 1, 2, 1]) {
        assert.equal((await proxy.post(`/workers?count=${count}`, undefined, 30_000)).status, 200);
        assert.equal((await workers(proxy)).concurrency, count);
        assert.equal((await proxy.stats("server.concurrency")).get("server.concurrency"), count);
      }
      const report = await load.stop();
      assert.equal(failedRequests(report) + report.closedUnannounced, 0, describeLoad(report));
    });
  }
});
