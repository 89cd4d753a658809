import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { Http1Client } from "../harness/http1-client.ts";
import { LoadClient } from "../harness/load-client.ts";
import { LOAD_FAILURES } from "../harness/load-report.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { RunningProxy, type StartProxyOptions, startProxy } from "../harness/start-proxy.ts";
import { until } from "../harness/until.ts";

interface Scene {
  readonly proxy: RunningProxy;
  /** Leaves requests to `nextRequest`. */
  readonly upstream: FakeUpstream;
  connect(): Promise<Http1Client>;
}

const NO_FAILURES = Object.fromEntries(LOAD_FAILURES.map((kind) => [kind, 0]));

/** A proxy that answers `/here` itself and sends the rest to an upstream. */
async function scene(t: TestContext, options: Partial<StartProxyOptions> = {}): Promise<Scene> {
  const upstream = await FakeUpstream.start();
  const config = sampleBootstrap({
    listeners: [
      {
        // So that two connections are on two workers.
        more: { connection_balance_config: { exact_balance: {} } },
        routes: [answerRoute("here", "/here"), clusterRoute("app")],
      },
    ],
    clusters: [sampleCluster("app", [loopback(upstream.port)])],
  });
  const proxy = await startProxy({ config, concurrency: 2, ...options });
  const clients: Http1Client[] = [];
  t.after(async () => {
    for (const client of clients) client.close();
    await proxy.kill();
    await upstream.close();
  });
  return {
    proxy,
    upstream,
    async connect() {
      const client = await Http1Client.connect(proxy.port());
      clients.push(client);
      return client;
    },
  };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  describe(signal, () => {
    it("lets requests under way finish, closes idle connections soon, and ends with 0 long before the drain time", async (t) => {
      const { proxy, upstream, connect } = await scene(t);
      const [busy, idle, silent] = await Promise.all([connect(), connect(), connect()]);
      assert.equal((await idle.request({ target: "/here" })).header("connection"), undefined);
      const response = busy.request({ target: "/slow" });
      const exchange = await upstream.nextRequest();

      proxy.child.kill(signal);
      await until("the end of the idle connections", () => idle.closed && silent.closed);
      assert.equal(busy.closed, false);
      assert.equal(proxy.exited, false);
      const ready = await proxy.admin("/ready");
      assert.deepEqual([ready.status, ready.body], [503, "DRAINING\n"]);

      exchange.respond({ body: "late" });
      const { status, body, header } = await response;
      assert.deepEqual([status, body, header("connection")], [200, "late", "close"]);
      assert.equal(await proxy.ended(), 0);
    });

    it("announces the end with the next response of a connection that is in use", async (t) => {
      const { proxy, connect } = await scene(t, { concurrency: 1 });
      const client = await connect();
      await client.request({ target: "/here" });
      proxy.child.kill(signal);
      await proxy.waitForLog(/draining; a second signal/);
      // The workers hear of it a little later than the log.
      await proxy.until("the announcement", async () => {
        const { body, header } = await client.request({ target: "/here" });
        assert.equal(body, "here");
        return header("connection") === "close";
      });
      await until("the end of the connection", () => client.closed);
      assert.equal(await proxy.ended(), 0);
    });
  });
}

describe("Stopping", () => {
  it("takes no new connections any more", async (t) => {
    const { proxy, upstream, connect } = await scene(t);
    const busy = await connect();
    const response = busy.request({ target: "/slow" });
    const exchange = await upstream.nextRequest();
    proxy.child.kill("SIGTERM");
    await proxy.until("the end of the listener", () =>
      connect().then(
        () => false,
        () => true,
      ),
    );
    exchange.respond();
    assert.equal((await response).status, 200);
    await proxy.ended();
  });

  it("fails no request of busy connections: each hears with a response that it was the last", async (t) => {
    const { proxy } = await scene(t);
    let sending = true;
    const bytes = Buffer.from("GET /here HTTP/1.1\r\nhost: test\r\n\r\n");
    const request = () => (sending ? { bytes } : undefined);
    const load = await LoadClient.start({ port: proxy.port(), connections: 32, request });
    proxy.child.kill("SIGTERM");
    await proxy.ended();
    sending = false;
    const { failures, closedAnnounced, closedUnannounced } = await load.finished();
    // The client connects anew, and nobody is there any more.
    assert.deepEqual({ ...failures, refused: 0 }, NO_FAILURES);
    assert.deepEqual([closedAnnounced, closedUnannounced], [32, 0]);
    assert.equal(proxy.child.exitCode, 0);
  });

  it("includes a worker that was leaving already", async (t) => {
    const { proxy, upstream, connect } = await scene(t);
    const clients = [await connect(), await connect()];
    const idle = [await connect(), await connect()];
    const responses = clients.map((client) => client.request({ target: "/slow" }));
    const exchanges = [await upstream.nextRequest(), await upstream.nextRequest()];
    assert.equal((await proxy.post("/workers?count=1")).status, 200);
    proxy.child.kill("SIGTERM");
    await until("both workers to have heard of it", () => idle.every(({ closed }) => closed));
    for (const exchange of exchanges) exchange.respond();
    for (const { status, header } of await Promise.all(responses)) {
      assert.deepEqual([status, header("connection")], [200, "close"]);
    }
    assert.equal(await proxy.ended(), 0);
    assert.doesNotMatch(proxy.logs, /\[error\]/);
  });

  it("cuts what is still under way when the drain time is over", async (t) => {
    const { proxy, upstream, connect } = await scene(t, { args: ["--drain-time-s", "1"] });
    const client = await connect();
    const response = client.request({ target: "/for/ever" });
    await upstream.nextRequest();
    proxy.child.kill("SIGTERM");
    await assert.rejects(response, /ended before the response/);
    assert.equal(await proxy.ended(), 0);
    assert.match(proxy.logs, /"?cut"?.{0,3}1/);
  });

  it("ends at once on the second signal", async (t) => {
    const { proxy, upstream, connect } = await scene(t);
    const client = await connect();
    const response = client.request({ target: "/for/ever" });
    await upstream.nextRequest();
    proxy.child.kill("SIGTERM");
    await proxy.waitForLog(/draining; a second signal/);
    proxy.child.kill("SIGTERM");
    assert.equal(await proxy.ended(), 1);
    await assert.rejects(response, /ended before the response/);
  });

  it("ends workers that are blocked, too", async (t) => {
    const { proxy } = await scene(t, { args: ["--drain-time-s", "1"] });
    await proxy.post("/actors/worker-1/block?ms=60000");
    proxy.child.kill("SIGTERM");
    assert.equal(await proxy.ended(), 0);
  });
});

describe("SIGHUP", () => {
  it("applies the file without closing a connection", async (t) => {
    const { proxy, upstream, connect } = await scene(t);
    const client = await connect();
    assert.equal((await client.request({ target: "/here" })).body, "here");
    proxy.writeConfig(sampleBootstrap({ listeners: [{ routes: [answerRoute("there")] }] }));
    proxy.child.kill("SIGHUP");
    await proxy.until("the reload", async () => (await client.request({ target: "/here" })).body === "there");
    assert.equal(upstream.requestCount, 0);
    const seen = await proxy.lastReload(2);
    assert.deepEqual([seen.trigger, seen.outcome], ["SIGHUP", "applied"]);
  });

  it("is heeded from the moment on that the log says ready", async (t) => {
    const proxy = RunningProxy.spawn({ config: sampleBootstrap({ listeners: [{ routes: [answerRoute("here")] }] }) });
    t.after(() => proxy.kill());
    await new Promise<void>((resolve) => {
      proxy.child.stderr?.on("data", () => {
        if (/\bready\b/.test(proxy.logs)) resolve();
      });
    });
    proxy.child.kill("SIGHUP");
    await proxy.waitForLog(/configuration unchanged/);
    assert.equal(await proxy.stop(), 0);
  });
});

describe("POST /quitquitquit", () => {
  it("drains as SIGTERM does", async (t) => {
    const { proxy, upstream, connect } = await scene(t);
    upstream.setScript(answering("ok"));
    const client = await connect();
    await client.request();
    await proxy.post("/quitquitquit");
    await until("the end of the connection", () => client.closed);
    assert.equal(await proxy.ended(), 0);
  });
});
