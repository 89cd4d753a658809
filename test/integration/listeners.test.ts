import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { answering, echoing, FakeUpstream } from "../harness/fake-upstream.ts";
import { freePort } from "../harness/free-port.ts";
import { Http1Client, requestOnce } from "../harness/http1-client.ts";
import {
  answerRoute,
  clusterRoute,
  loopback,
  pipe,
  sampleBootstrap,
  sampleCluster,
} from "../harness/sample-bootstrap.ts";
import type { RunningProxy, StartProxyOptions } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { until } from "../harness/until.ts";

async function start(t: TestContext, options: StartProxyOptions): Promise<RunningProxy> {
  return startTestProxy(t, options);
}

async function upstreamFor(t: TestContext, script = answering("ok")): Promise<FakeUpstream> {
  const upstream = await FakeUpstream.start(script);
  t.after(() => upstream.close());
  return upstream;
}

/** Connections per worker, by the listener's stats. */
async function spread(proxy: RunningProxy): Promise<number[]> {
  const stats = await proxy.stats("worker_\\d+.downstream_cx_total");
  return [...stats].filter(([name]) => !name.includes("admin")).map(([, value]) => value);
}

describe("A listener", () => {
  it("serves curl: GET, HEAD, POST with a body, and two requests on one connection", async (t) => {
    const upstream = await upstreamFor(t, echoing);
    const clusters = [sampleCluster("app", [loopback(upstream.port)])];
    const proxy = await start(t, { config: sampleBootstrap({ clusters }) });
    const url = `http://127.0.0.1:${proxy.port()}/`;
    const curl = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)("curl", ["-sS", "--max-time", "30", ...args]);
      return stdout;
    };
    assert.match(await curl("-i", url), /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*server: envoy\r\n(?:.+\r\n)*\r\n$/);
    assert.match(await curl("-I", url), /^HTTP\/1\.1 200 OK\r\n/);
    assert.equal(await curl("-d", "some=body", url), "some=body");
    assert.equal(await curl("-H", "expect: 100-continue", "-d", "x".repeat(5000), url), "x".repeat(5000));
    assert.equal(await curl("-H", "transfer-encoding: chunked", "-d", "in chunks", url), "in chunks");
    assert.equal(await curl("-w", "%{num_connects} ", "-d", "a", url, url), "a1 a0 ");
  });

  it("shares its connections out evenly under exact_balance", async (t) => {
    const more = { connection_balance_config: { exact_balance: {} } };
    const config = sampleBootstrap({ listeners: [{ more, routes: [answerRoute("here")] }] });
    const proxy = await start(t, { config, concurrency: 3 });
    const clients = await Promise.all(Array.from({ length: 30 }, () => Http1Client.connect(proxy.port())));
    t.after(() => {
      for (const client of clients) client.close();
    });
    for (const client of clients) assert.equal((await client.request()).body, "here");
    assert.deepEqual(await spread(proxy), [10, 10, 10]);
  });

  it("is bound once without enable_reuse_port, and reaches all workers all the same", async (t) => {
    const config = (text: string) =>
      sampleBootstrap({ listeners: [{ more: { enable_reuse_port: false }, routes: [answerRoute(text)] }] });
    const proxy = await start(t, { config: config("before"), concurrency: 2 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => Http1Client.connect(proxy.port())));
    t.after(() => {
      for (const client of clients) client.close();
    });
    for (const client of clients) assert.equal((await client.request()).body, "before");
    assert.deepEqual(await spread(proxy), [4, 4]);
    await proxy.reload(config("after"));
    for (const client of clients) assert.equal((await client.request()).body, "after");
    for (const count of [3, 1]) {
      assert.equal((await proxy.post(`/workers?count=${count}`)).status, 200);
      assert.equal((await requestOnce(proxy.port())).body, "after");
    }
  });

  it("listens on a Unix-domain socket and reaches an upstream on another", async (t) => {
    const backend: Server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
    const proxy = await start(t, {
      config: sampleBootstrap({ listeners: [{ routes: [answerRoute("not yet")] }] }),
      concurrency: 2,
    });
    const [front, back] = [path.join(proxy.folder, "front.sock"), path.join(proxy.folder, "back.sock")];
    backend.listen(back);
    await once(backend, "listening");
    t.after(() => backend.close());
    const answer = await proxy.reload(
      sampleBootstrap({
        listeners: [{ name: "front", address: pipe(front) }, { routes: [answerRoute("by port")] }],
        clusters: [sampleCluster("app", [pipe(back)])],
      }),
    );
    assert.equal(answer.status, 200, answer.body);
    const response = await requestOnce(front, { target: "/over/sockets" });
    assert.deepEqual([response.status, response.body], [200, "GET /over/sockets"]);
    assert.equal((await requestOnce(proxy.port())).body, "by port");
    assert.match((await proxy.admin("/listeners")).body, new RegExp(`^front::${front}$`, "m"));
    assert.match((await proxy.admin("/clusters")).body, new RegExp(`^app::${back}::rq_total::1$`, "m"));

    await proxy.post("/actors/worker-1/crash");
    await proxy.until("the restart", async () => (await requestOnce(front).catch(() => undefined))?.status === 200);
    for (const count of [4, 1]) {
      assert.equal((await proxy.post(`/workers?count=${count}`)).status, 200);
      assert.equal((await requestOnce(front)).status, 200);
    }
  });

  it("comes and goes with the configuration, next to others", async (t) => {
    const config = (...names: string[]) =>
      sampleBootstrap({ listeners: names.map((name) => ({ name, routes: [answerRoute(name)] })) });
    const proxy = await start(t, { config: config("a", "b"), concurrency: 2, args: ["--drain-time-s", "1"] });
    assert.equal((await requestOnce(proxy.port("a"))).body, "a");
    assert.equal((await requestOnce(proxy.port("b"))).body, "b");
    const [a, b] = [proxy.port("a"), proxy.port("b")];
    const client = await Http1Client.connect(a);
    t.after(() => client.close());
    await client.request();
    await proxy.reload(config("b", "c"));
    await proxy.refreshPorts();
    assert.deepEqual([...proxy.ports.keys()], ["b", "c"]);
    assert.equal(proxy.port("b"), b);
    assert.equal((await requestOnce(proxy.port("c"))).body, "c");
    await assert.rejects(Http1Client.connect(a), { code: "ECONNREFUSED" });
    await proxy.until("the end of what the removed listener left", async () => client.closed);
  });

  it("keeps its fixed port through a restart of its only worker and through reloads of its other settings", async (t) => {
    const config = (port: number, tcp_backlog_size: number) =>
      sampleBootstrap({
        listeners: [{ address: loopback(port), more: { tcp_backlog_size }, routes: [answerRoute("on")] }],
      });
    const port = freePort();
    const proxy = await start(t, { config: config(port, 100) });
    assert.equal((await requestOnce(port)).body, "on");
    assert.equal((await proxy.reload(config(port, 200))).status, 200);
    assert.equal((await requestOnce(port)).body, "on");
    await proxy.post("/actors/worker-1/crash");
    await proxy.until("the restart", async () => (await requestOnce(port).catch(() => undefined))?.body === "on");
  });
});

describe("A graceful drain of the listeners", () => {
  for (const { name, more } of [
    { name: "that each worker has", more: {} },
    { name: "that the main thread accepts for", more: { connection_balance_config: { exact_balance: {} } } },
  ]) {
    it(`${name} announces the end with each response, and closes them after the drain time`, async (t) => {
      const config = sampleBootstrap({ listeners: [{ more, routes: [answerRoute("here")] }] });
      const args = ["--drain-time-s", "4", "--drain-strategy", "immediate"];
      const proxy = await start(t, { config, concurrency: 2, args });
      assert.equal((await proxy.post("/drain_listeners?graceful")).status, 200);
      await proxy.until("the drain", async () => (await requestOnce(proxy.port())).header("connection") === "close");
      await proxy.until("the end of the listeners", () =>
        Http1Client.connect(proxy.port()).then(
          (client) => {
            client.close();
            return false;
          },
          () => true,
        ),
      );
      assert.equal((await proxy.admin("/ready")).status, 200);
    });
  }
});

describe("A circuit breaker", () => {
  const REFUSED = 5;
  for (const { name, threshold } of [
    { name: "max_requests", threshold: { max_requests: 3 } },
    { name: "max_connections and max_pending_requests", threshold: { max_connections: 2, max_pending_requests: 1 } },
  ]) {
    it(`lets through all workers together exactly as much as ${name} says`, async (t) => {
      const upstream = await FakeUpstream.start();
      t.after(() => upstream.close());
      const limits = { circuit_breakers: { thresholds: [threshold] } };
      const config = sampleBootstrap({
        listeners: [{ more: { connection_balance_config: { exact_balance: {} } }, routes: [clusterRoute("app")] }],
        clusters: [sampleCluster("app", [loopback(upstream.port)], limits)],
      });
      const proxy = await start(t, { config, concurrency: 2 });
      const clients: Http1Client[] = [];
      t.after(() => {
        for (const client of clients) client.close();
      });
      for (let i = 0; i < 8; i++) clients.push(await Http1Client.connect(proxy.port()));

      // One connection to the upstream from each worker; while it is being made, a request counts as pending.
      const [first, second, ...others] = clients;
      const responses = [first!.request()];
      const exchanges = [await upstream.nextRequest()];
      responses.push(second!.request());
      exchanges.push(await upstream.nextRequest());
      let refused = 0;
      for (const client of others) {
        const response = client.request();
        responses.push(response);
        void response.then(({ header }) => {
          if (header("x-envoy-overloaded") === "true") refused++;
        });
      }
      await until("the refusals", () => refused === REFUSED);
      const stats = await proxy.stats("cluster.app.upstream_rq_pending_overflow");
      assert.equal(stats.get("cluster.app.upstream_rq_pending_overflow"), REFUSED);
      if ("max_requests" in threshold) exchanges.push(await upstream.nextRequest());
      upstream.setScript(answering("ok"));
      for (const exchange of exchanges) exchange.respond();
      const statuses = (await Promise.all(responses)).map(({ status }) => status);
      assert.deepEqual(statuses.toSorted(), [200, 200, 200, 503, 503, 503, 503, 503]);
    });
  }
});
