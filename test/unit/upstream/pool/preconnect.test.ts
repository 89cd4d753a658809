import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import type { ClusterData } from "../../../../src/upstream/cluster-data.ts";
import type { LocalCluster } from "../../../../src/upstream/local-cluster.ts";
import type { Connectivity } from "../../../../src/upstream/pool/preconnect.ts";
import { answering, FakeUpstream } from "../../../harness/fake-upstream.ts";
import { startHttp2Upstream } from "../../../harness/http2-upstream.ts";
import { REFUSING_PORT } from "../../../harness/refusing-port.ts";
import { until } from "../../../harness/until.ts";
import { clusterData, DEFAULT_THRESHOLDS, endpointData } from "../cluster-fixture.ts";
import { compileCluster } from "../compile-cluster.ts";
import { type PoolRequest, WorkerFixture } from "./pool-fixture.ts";
import { limits } from "./pool-scene.ts";

const HTTP2 = { ...clusterData([]).connectionSettings, httpProtocol: "http2" } as const;

/** A worker, and hosts that answer when they are told to. */
class Scene {
  readonly worker: WorkerFixture;
  readonly upstreams: readonly FakeUpstream[];

  private constructor(worker: WorkerFixture, upstreams: readonly FakeUpstream[]) {
    this.worker = worker;
    this.upstreams = upstreams;
  }

  static async start(t: TestContext, count: number, changes: Partial<ClusterData>): Promise<Scene> {
    const upstreams = await Promise.all(Array.from({ length: count }, () => FakeUpstream.start()));
    const worker = new WorkerFixture();
    worker.apply([
      clusterData(
        upstreams.map(({ port }) => endpointData(port)),
        changes,
      ),
    ]);
    const scene = new Scene(worker, upstreams);
    t.after(() => scene.end());
    return scene;
  }

  /** Waits until the hosts, whichever of them, have seen that many connections; in falling order. */
  async connections(...expected: readonly number[]): Promise<void> {
    const counts = () => this.upstreams.map(({ connections }) => connections.length).sort((one, other) => other - one);
    await until(`${expected} connections, not ${counts()}`, () => counts().join() === expected.join());
    assert.equal(
      this.worker.stat("upstream_cx_total"),
      expected.reduce((sum, count) => sum + count, 0),
    );
  }

  /** Sends a request and waits until its host has it. */
  async request(): Promise<PoolRequest> {
    const before = this.requestCount;
    const request = this.worker.request();
    await until("the request", () => this.requestCount === before + 1);
    return request;
  }

  get connectivity(): Connectivity {
    const { pending, active, unused } = (this.worker.manager.get("one") as LocalCluster).connectivity;
    return { pending, active, unused };
  }

  get requestCount(): number {
    return this.upstreams.reduce((sum, { requestCount }) => sum + requestCount, 0);
  }

  /** When the worker has noticed that all it opened is connected. */
  async connected(): Promise<void> {
    const connecting = () =>
      [...this.worker.manager.pools(() => true)].reduce((sum, row) => sum + (row?.connecting ?? 0), 0);
    await until("all connections", () => connecting() === 0);
  }

  async end(): Promise<void> {
    this.worker.close();
    for (const upstream of this.upstreams) await upstream.close();
    assert.equal(
      this.worker.cells.counts("one").every((count) => count === 0),
      true,
    );
    assert.equal(this.worker.clock.timers.armedCount, 0);
    assert.deepEqual(this.worker.statsOf("upstream_cx_active", "upstream_rq_active", "upstream_rq_pending_active"), {
      upstream_cx_active: 0,
      upstream_rq_active: 0,
      upstream_rq_pending_active: 0,
    });
  }
}

function ratios(perUpstreamRatio: number, predictiveRatio = 1): Pick<ClusterData, "preconnect"> {
  return { preconnect: { perUpstreamRatio, predictiveRatio } };
}

describe("per_upstream_preconnect_ratio", () => {
  it("opens connections for the streams to come, as many as the ratio says", async (t) => {
    const scene = await Scene.start(t, 1, ratios(2));
    const first = await scene.request();
    await scene.connections(2);
    await scene.connected();
    const second = await scene.request();
    assert.equal(second.reused, false);
    assert.equal(scene.worker.stat("upstream_rq_pending_total"), 1);
    await scene.connections(4);
    for (let at = 0; at < 2; at++) (await scene.upstreams[0]!.nextRequest()).respond();
    assert.deepEqual(await Promise.all([first.done, second.done]), ["200", "200"]);
    await scene.request();
    await scene.connections(4);
  });

  it("rounds up: 1.5 is one connection more for two streams", async (t) => {
    const scene = await Scene.start(t, 1, ratios(1.5));
    await scene.request();
    await scene.connections(2);
    await scene.connected();
    await scene.request();
    await scene.connections(3);
  });

  it("keeps to the circuit breaker, and counts what it could not open", async (t) => {
    const scene = await Scene.start(t, 1, { ...ratios(3), ...limits({ maxConnections: 2 }) });
    await scene.request();
    await scene.connections(2);
    assert.deepEqual(scene.worker.statsOf("upstream_cx_overflow", "upstream_cx_active"), {
      upstream_cx_overflow: 1,
      upstream_cx_active: 2,
    });
  });

  it("opens no more than a host needs that is not healthy", async (t) => {
    const upstream = await FakeUpstream.start(answering());
    t.after(() => upstream.close());
    const worker = new WorkerFixture();
    t.after(() => worker.close());
    const endpoint = endpointData(upstream.port, { healthStatus: "degraded" });
    worker.apply([clusterData([endpoint], ratios(3))]);
    assert.equal(await worker.request().done, "200");
    assert.equal(worker.stat("upstream_cx_total"), 1);
  });

  it("does not try again on its own where connecting fails", async (t) => {
    const worker = new WorkerFixture();
    t.after(() => worker.close());
    worker.apply([clusterData([endpointData(REFUSING_PORT)], ratios(3))]);
    assert.match(await worker.request().done, /^remoteConnectionFailure/);
    await until("the end of all attempts", () => worker.stat("upstream_cx_active") === 0);
    assert.deepEqual(worker.statsOf("upstream_cx_total", "upstream_cx_connect_fail"), {
      upstream_cx_total: 3,
      upstream_cx_connect_fail: 3,
    });
  });

  it("opens one HTTP/2 connection, which has room for the streams to come", async (t) => {
    const upstream = await startHttp2Upstream(t, (stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    const worker = new WorkerFixture();
    t.after(() => worker.close());
    worker.apply([clusterData([endpointData(upstream.port)], { ...ratios(3, 3), connectionSettings: HTTP2 })]);
    for (let at = 0; at < 3; at++) assert.equal(await worker.request().done, "200");
    assert.deepEqual([worker.stat("upstream_cx_total"), upstream.sessionCount()], [1, 1]);
  });

  it("stops when its cluster drains", async (t) => {
    const scene = await Scene.start(t, 1, ratios(2));
    await scene.request();
    await scene.connections(2);
    await scene.connected();
    scene.worker.manager.drain();
    await until("the end of what is unused", () => scene.upstreams[0]!.openConnections === 1);
    await scene.request();
    await scene.connections(3);
  });
});

describe("predictive_preconnect_ratio", () => {
  it("opens connections to the hosts that come next", async (t) => {
    const scene = await Scene.start(t, 3, ratios(1, 2));
    await scene.request();
    await scene.connections(1, 1, 1);
    await scene.connected();
    const pending = scene.worker.stat("upstream_rq_pending_total");
    for (let at = 0; at < 2; at++) await scene.request();
    assert.equal(scene.worker.stat("upstream_rq_pending_total"), pending, "nobody waits for a connection");
    assert.deepEqual(
      scene.upstreams.map(({ requestCount }) => requestCount),
      [1, 1, 1],
    );
  });

  it("knows how many streams and connections there are", async (t) => {
    const scene = await Scene.start(t, 3, ratios(1, 2));
    const first = await scene.request();
    await scene.connections(1, 1, 1);
    await scene.connected();
    assert.deepEqual(scene.connectivity, { pending: 0, active: 1, unused: 2 });
    await scene.request();
    await scene.connections(2, 1, 1);
    await scene.connected();
    assert.deepEqual(scene.connectivity, { pending: 0, active: 2, unused: 2 });
    (await scene.upstreams.find(({ address }) => address === first.host!.addressText)!.nextRequest()).respond();
    await first.done;
    assert.deepEqual(scene.connectivity, { pending: 0, active: 1, unused: 3 });
    for (const { connections } of scene.upstreams) for (const connection of connections) connection.end();
    await until("the end of all connections", () => scene.worker.stat("upstream_cx_active") === 0);
    assert.deepEqual(scene.connectivity, { pending: 0, active: 0, unused: 0 });
  });

  it("leaves no pool of a host behind to which it could not connect", async (t) => {
    const full = { default: { ...DEFAULT_THRESHOLDS, maxConnectionPools: 1, trackRemaining: true } };
    const scene = await Scene.start(t, 3, {
      ...ratios(1, 3),
      circuitBreakers: { ...full, high: DEFAULT_THRESHOLDS },
    });
    const request = scene.worker.request();
    assert.equal(await request.done, "overflow");
    const pools = [...scene.worker.manager.pools(() => true)].filter((row) => row !== undefined);
    assert.equal(pools.length, 1);
    assert.equal(scene.worker.stat("upstream_cx_pool_overflow"), 2);
  });
});

describe("preconnect_policy", () => {
  it("compiles, and is off if it asks for nothing", () => {
    const policy = (json: JsonObject) => compileCluster({ preconnectPolicy: json }).data.preconnect;
    assert.deepEqual(policy({ perUpstreamPreconnectRatio: 1.5 }), { perUpstreamRatio: 1.5, predictiveRatio: 1 });
    assert.deepEqual(policy({ predictivePreconnectRatio: 2 }), { perUpstreamRatio: 1, predictiveRatio: 2 });
    assert.equal(policy({ perUpstreamPreconnectRatio: 1, predictivePreconnectRatio: 1 }), null);
    assert.equal(compileCluster({}).data.preconnect, null);
  });
});
