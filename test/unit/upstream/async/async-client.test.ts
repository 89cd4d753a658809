import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { RequestHeaderMap } from "../../../../src/http/header-map.ts";
import type { ClusterData } from "../../../../src/upstream/cluster-data.ts";
import {
  answering,
  echoing,
  FakeUpstream,
  hanging,
  resetting,
  type UpstreamScript,
} from "../../../harness/fake-upstream.ts";
import { startHttp2Upstream } from "../../../harness/http2-upstream.ts";
import { REFUSING_PORT } from "../../../harness/refusing-port.ts";
import { until } from "../../../harness/until.ts";
import { clusterData, endpointData } from "../cluster-fixture.ts";
import { limits } from "../pool/pool-scene.ts";
import { AsyncScene } from "./async-scene.ts";

async function start(
  t: TestContext,
  script: UpstreamScript = answering("hello"),
  changes: Partial<ClusterData> = {},
): Promise<[AsyncScene, FakeUpstream]> {
  const upstream = await FakeUpstream.start(script);
  const scene = new AsyncScene();
  t.after(() => upstream.close());
  t.after(() => scene.end());
  scene.worker.apply([clusterData([endpointData(upstream.port)], changes)]);
  return [scene, upstream];
}

const RETRY = { numRetries: 2, baseMs: 100, maxMs: 1000 };

describe("The async client", () => {
  it("gets a response through the cluster's pool and counts it as an internal one", async (t) => {
    const [scene, upstream] = await start(t);
    assert.equal(await scene.ask().outcome, "200 hello");
    assert.equal(await scene.ask().outcome, "200 hello");
    assert.match(upstream.received, /^GET \/asked HTTP\/1.1\r\nhost: service.test\r\n/);
    assert.match(upstream.received, /\r\nx-envoy-internal: true\r\n/);
    assert.deepEqual(
      scene.worker.statsOf(
        "upstream_cx_total",
        "upstream_rq_total",
        "upstream_rq_200",
        "internal.upstream_rq_2xx",
        "upstream_rq_completed",
      ),
      {
        upstream_cx_total: 1,
        upstream_rq_total: 2,
        upstream_rq_200: 2,
        "internal.upstream_rq_2xx": 2,
        upstream_rq_completed: 2,
      },
    );
  });

  it("sends a body with its length", async (t) => {
    const [scene, upstream] = await start(t, echoing);
    const asked = scene.ask({ method: "POST", body: Buffer.from("to you") });
    assert.equal(await asked.outcome, "200 to you");
    assert.match(upstream.received, /\r\ncontent-length: 6\r\n/);
    assert.doesNotMatch(upstream.received, /transfer-encoding/);
  });

  it("speaks HTTP/2 where the cluster does, and takes trailers", async (t) => {
    const upstream = await startHttp2Upstream(t);
    const scene = new AsyncScene();
    t.after(() => scene.end());
    const data = clusterData([endpointData(upstream.port)]);
    scene.worker.apply([{ ...data, connectionSettings: { ...data.connectionSettings, httpProtocol: "http2" } }]);
    const many = Array.from({ length: 5 }, (_, i) => scene.ask({ method: "POST", body: Buffer.from(`body ${i}`) }));
    for (const [i, asked] of many.entries()) {
      assert.equal(await asked.outcome, `200 body ${i}`);
      assert.equal(asked.response?.trailers?.get("x-sum"), "42");
    }
    assert.equal(scene.worker.stat("upstream_cx_http2_total"), 1);
  });

  it("fails at once without such a cluster or without a host", async (t) => {
    const [scene] = await start(t);
    assert.deepEqual(scene.ask({}, "two").calls, ["noCluster: there is no cluster two"]);
    scene.worker.apply([clusterData([])]);
    assert.deepEqual(scene.ask().calls, ["noHealthyHost: no healthy upstream"]);
    assert.equal(scene.worker.stat("upstream_rq_503"), 1);
  });

  it("fails when the connection is refused, says why, and counts the host's error", async (t) => {
    const [scene] = await start(t);
    scene.worker.apply([clusterData([endpointData(REFUSING_PORT)])]);
    assert.match(await scene.ask().outcome, /^connectionFailure: .*Connection refused/);
    assert.equal(scene.worker.stat("upstream_rq_503"), 1);
  });

  it("fails when the stream is reset", async (t) => {
    const [scene] = await start(t, resetting);
    assert.match(await scene.ask().outcome, /^reset: /);
    assert.equal(scene.worker.stat("upstream_rq_rx_reset"), 1);
  });

  it("fails when a circuit breaker is open", async (t) => {
    const [scene] = await start(t, hanging, limits({ maxPendingRequests: 0 }));
    assert.deepEqual(scene.ask().calls, ["overflow: a circuit breaker is open"]);
    assert.equal(scene.worker.stat("upstream_rq_pending_overflow"), 1);
  });

  it("gives up after its timeout, counts it and resets the stream", async (t) => {
    const [scene, upstream] = await start(t, hanging);
    const asked = scene.ask({ timeoutMs: 250 });
    await until("the request arrived", () => upstream.requestCount === 1);
    scene.worker.clock.advance(240);
    assert.deepEqual(asked.calls, []);
    scene.worker.clock.advance(20);
    assert.deepEqual(asked.calls, ["timeout: request timeout"]);
    assert.deepEqual(scene.worker.statsOf("upstream_rq_timeout", "upstream_rq_504", "upstream_rq_tx_reset"), {
      upstream_rq_timeout: 1,
      upstream_rq_504: 1,
      upstream_rq_tx_reset: 1,
    });
  });

  it("takes no longer body than it is told", async (t) => {
    const [scene] = await start(t, answering("x".repeat(100)));
    assert.equal((await scene.ask({ maxResponseBytes: 100 }).outcome).length, 104);
    assert.equal(
      await scene.ask({ maxResponseBytes: 99 }).outcome,
      "responseTooLarge: the response is longer than 99 bytes",
    );
  });

  it("calls nobody back after a cancel, wherever the request stands", async (t) => {
    const [scene, upstream] = await start(t, hanging);
    const pending = scene.ask();
    pending.call.cancel();
    pending.call.cancel();
    const sent = scene.ask({ timeoutMs: 1000 });
    await until("the request arrived", () => upstream.requestCount === 1);
    sent.call.cancel();
    scene.worker.clock.advance(2000);
    assert.deepEqual([...pending.calls, ...sent.calls], []);
    assert.deepEqual(scene.worker.statsOf("upstream_rq_cancelled", "upstream_rq_tx_reset"), {
      upstream_rq_cancelled: 1,
      upstream_rq_tx_reset: 1,
    });
  });

  it("retries a 5xx and a reset after a wait, within its number of retries", async (t) => {
    let count = 0;
    const [scene, upstream] = await start(t, async (exchange) => {
      await exchange.request();
      count++;
      if (count === 1) exchange.respond({ status: 503 });
      else if (count === 2) exchange.reset();
      else exchange.respond({ body: "at last" });
    });
    const asked = scene.ask({ retry: RETRY, method: "POST", body: Buffer.from("again") });
    await until("the first retry waits", () => scene.worker.stat("upstream_rq_retry") === 1);
    assert.equal(upstream.requestCount, 1);
    scene.worker.clock.advance(100);
    await until("the second retry waits", () => scene.worker.stat("upstream_rq_retry") === 2);
    scene.worker.clock.advance(200);
    assert.equal(await asked.outcome, "200 at last");
    assert.equal(upstream.received.split("again").length - 1, 3);
    assert.deepEqual(
      scene.worker.statsOf("upstream_rq_retry_success", "retry.upstream_rq_503", "upstream_rq_503", "upstream_rq_200"),
      { upstream_rq_retry_success: 1, "retry.upstream_rq_503": 1, upstream_rq_503: 0, upstream_rq_200: 1 },
    );
  });

  it("gives the last 5xx when retries are used up, or when too many are under way", async (t) => {
    const [scene] = await start(t, answering("no", 500), limits({ maxRetries: 1 }));
    const asked = scene.ask({ retry: { ...RETRY, numRetries: 1 } });
    await until("it waits", () => scene.worker.stat("upstream_rq_retry") === 1);
    assert.equal(await scene.ask({ retry: RETRY }).outcome, "500 no");
    assert.equal(scene.worker.stat("upstream_rq_retry_overflow"), 1);
    scene.worker.clock.advance(100);
    assert.equal(await asked.outcome, "500 no");
    assert.equal(scene.worker.stat("upstream_rq_retry_limit_exceeded"), 1);
  });

  it("times out while it waits for a retry", async (t) => {
    const [scene] = await start(t, answering("no", 500));
    const asked = scene.ask({ retry: { numRetries: 5, baseMs: 60_000, maxMs: 60_000 }, timeoutMs: 100 });
    await until("it waits", () => scene.worker.stat("upstream_rq_retry") === 1);
    scene.worker.clock.advance(110);
    assert.deepEqual(asked.calls, ["timeout: request timeout"]);
  });

  it("ends everything with the worker, and takes nothing afterwards", async (t) => {
    const [scene, upstream] = await start(t, hanging);
    const asked = scene.ask();
    const again: string[] = [];
    asked.outcome.then(() => again.push(...scene.ask().calls));
    await until("the request arrived", () => upstream.requestCount === 1);
    scene.client.close();
    assert.deepEqual(asked.calls, ["closed: the worker ends"]);
    await asked.outcome;
    assert.deepEqual(scene.ask().calls, ["closed: the worker ends"]);
  });

  it("streams a body, and knows when its cluster is not in force any more", async (t) => {
    const [scene, upstream] = await start(t, echoing);
    const headers = new RequestHeaderMap();
    headers.method = "POST";
    headers.path = "/stream";
    headers.authority = "service.test";
    const calls: string[] = [];
    const stream = scene.client.open("one", headers, false, {
      onHeaders: (response) => calls.push(String(response.status)),
      onData: (data) => calls.push(data.toString()),
      onTrailers: () => calls.push("trailers"),
      onFailure: ({ reason }) => calls.push(reason),
    })!;
    stream.sendData(Buffer.from("one "), false);
    assert.equal(stream.unsentBytes, 4);
    await upstream.connected();
    await until("it was sent", () => stream.unsentBytes === 0);
    stream.sendData(Buffer.from("two"), false);
    assert.equal(scene.client.isStale(stream), false);
    scene.worker.apply([], ["one"]);
    assert.equal(scene.client.isStale(stream), true);
    stream.sendData(Buffer.alloc(0), true);
    await until("the end", () => stream.isOver);
    assert.deepEqual([calls[0], calls.slice(1).join("")], ["200", "one two"]);
  });
});
