import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import { mergeClusterInspections } from "../../../src/upstream/cluster-inspection.ts";
import type { ClusterUpsert } from "../../../src/upstream/cluster-manager.ts";
import { cpuTimeMs } from "../../harness/cpu-time.ts";
import { answering, FakeUpstream } from "../../harness/fake-upstream.ts";
import { clusterData, DEFAULT_THRESHOLDS, endpointData } from "./cluster-fixture.ts";
import { type PoolRequest, WorkerFixture } from "./pool/pool-fixture.ts";

describe("ClusterManager", () => {
  let a: FakeUpstream;
  let b: FakeUpstream;
  let worker: WorkerFixture;

  beforeEach(async () => {
    [a, b] = await Promise.all([FakeUpstream.start(answering("a")), FakeUpstream.start(answering("b"))]);
    worker = new WorkerFixture();
  });

  afterEach(async () => {
    worker.close();
    await Promise.all([a.close(), b.close()]);
    assert.equal(worker.clock.timers.armedCount, 0);
    assert.deepEqual(worker.cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  /** Applies endpoints on these ports to cluster `one`. */
  function endpoints(...ports: number[]): void {
    worker.apply([clusterData(ports.map((port) => endpointData(port)))]);
  }

  function upsert(ports: readonly number[], hash: string): ClusterUpsert {
    return {
      data: clusterData(ports.map((port) => endpointData(port))),
      hash,
      breakerSlot: worker.cells.allocate("one"),
    };
  }

  it("knows only what was applied", () => {
    assert.equal(worker.manager.get("one"), undefined);
    assert.equal(worker.manager.get("__proto__"), undefined);
    endpoints(a.port);
    assert.equal(worker.manager.get("one")!.info.name, "one");
  });

  it("brings a cluster to life when it is first asked for", () => {
    endpoints(a.port);
    const inflated = "thread_local_cluster_manager.worker_0.clusters_inflated";
    assert.equal(worker.stats.value(inflated), 0);
    assert.equal(worker.stats.has("cluster.one.upstream_cx_total"), false);
    worker.manager.get("one");
    assert.equal(worker.stats.value(inflated), 1);
    assert.equal(worker.stats.has("cluster.one.upstream_cx_total"), true);
    assert.equal(worker.stat("membership_total"), 1);
    worker.apply([], ["one"]);
    assert.equal(worker.stats.value(inflated), 0);
  });

  it("counts a request that no host can serve", () => {
    endpoints();
    const cluster = worker.manager.get("one")!;
    assert.equal(cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT), null);
    assert.equal(worker.stat("upstream_cx_none_healthy"), 1);
  });

  it("counts under alt_stat_name", async () => {
    worker.apply([clusterData([endpointData(a.port)], { observabilityName: "other" })]);
    assert.equal(await worker.request().done, "200");
    assert.equal(worker.stats.value("cluster.other.upstream_rq_total"), 1);
    assert.equal(worker.stats.has("cluster.one.upstream_rq_total"), false);
  });

  it("does nothing for an unchanged hash", async () => {
    const chunks = worker.cells.chunksFor(0);
    worker.manager.apply({ upserts: [upsert([a.port], "h")], removals: [], breakerChunks: chunks });
    worker.manager.apply({ upserts: [], removals: [], breakerChunks: worker.cells.chunksFor(0) });
    const info = worker.manager.get("one")!.info;
    worker.manager.apply({ upserts: [upsert([b.port], "h")], removals: [], breakerChunks: [] });
    assert.equal(worker.manager.get("one")!.info, info);
    assert.equal((await served(worker.request())).body, "a");
  });

  it("keeps a host and its connections over changes of everything but its address", async () => {
    endpoints(a.port);
    const first = await served(worker.request());
    worker.apply([
      clusterData(
        [
          endpointData(a.port, {
            weight: 9,
            hostname: "renamed.test",
            locality: { region: "r", zone: "z", subZone: "" },
            metadata: [["envoy.lb", { canary: true }]],
          }),
        ],
        { connectTimeoutMs: 77, loadBalancer: { type: "random" }, maxRequestsPerConnection: 50 },
      ),
    ]);
    const second = await served(worker.request());
    assert.equal(second.host, first.host);
    assert.equal(second.connection!.id, first.connection!.id);
    assert.deepEqual([second.host!.weight, second.host!.hostname, second.host!.canary], [9, "renamed.test", true]);
    assert.equal(worker.manager.get("one")!.info.connectTimeoutMs, 77);
    assert.equal(a.connections.length, 1);
    assert.equal(worker.stat("max_host_weight"), 9);
  });

  it("closes the idle connections of a removed host and touches no other", async () => {
    endpoints(a.port, b.port);
    const answers = [await served(worker.request()), await served(worker.request())];
    assert.deepEqual(answers.map((answer) => answer.body).sort(), ["a", "b"]);
    endpoints(b.port);
    await a.connections[0]!.whenClosed;
    assert.equal((await served(worker.request())).reused, true);
    assert.deepEqual([a.connections.length, b.connections.length, b.openConnections], [1, 1, 1]);
  });

  it("lets a busy connection of a removed host finish its request", async () => {
    a.setScript(undefined);
    endpoints(a.port);
    const request = worker.request();
    const exchange = await a.nextRequest();
    endpoints(b.port);
    assert.equal(worker.manager.connectionCount, 1);
    exchange.respond({ body: "late" });
    assert.equal((await served(request)).body, "late");
    await a.connections[0]!.whenClosed;
    assert.equal(worker.manager.connectionCount, 0);
  });

  it("serves who waits for a removed host, then closes", async () => {
    endpoints(a.port);
    const request = worker.request();
    endpoints(b.port);
    assert.equal((await served(request)).body, "a");
    await a.connections[0]!.whenClosed;
  });

  it("drains thousands of removed hosts without a stall", () => {
    const hosts = Array.from({ length: 5000 }, (_, at) =>
      endpointData(1, { address: { type: "ip", ip: `10.${at >> 8}.${at & 255}.1`, port: 1 } }),
    );
    const unconnected = new WorkerFixture({ connect: () => Object.assign(new net.Socket(), { connecting: true }) });
    const limits = { ...DEFAULT_THRESHOLDS, maxConnections: 5000, maxPendingRequests: 5000 };
    unconnected.apply([clusterData(hosts, { circuitBreakers: { default: limits, high: limits } })]);
    const requests = hosts.map(() => unconnected.request());
    assert.equal(unconnected.manager.connectionCount, 5000);
    for (const request of requests) request.pending!.cancel();
    const tookMs = cpuTimeMs(() => unconnected.apply([clusterData([])]));
    assert.equal(unconnected.manager.connectionCount, 0);
    assert.ok(tookMs < 1000, `${tookMs} ms`);
    unconnected.close();
  });

  it("drains a removed cluster", async () => {
    a.setScript(undefined);
    endpoints(a.port);
    const idle = worker.request();
    (await a.nextRequest()).respond();
    await idle.done;
    const busy = [worker.request(), worker.request()];
    const exchanges = [await a.nextRequest(), await a.nextRequest()];
    worker.apply([], ["one"]);
    assert.equal(worker.manager.get("one"), undefined);
    for (const exchange of exchanges) exchange.respond();
    assert.deepEqual(await Promise.all(busy.map((request) => request.done)), ["200", "200"]);
    await Promise.all(a.connections.map((connection) => connection.whenClosed));
    assert.equal(worker.manager.connectionCount, 0);
  });

  it("opens new connections when their own settings change, and lets the old ones finish", async () => {
    a.setScript(undefined);
    endpoints(a.port);
    const old = worker.request();
    const exchange = await a.nextRequest();
    const { connectionSettings, ...rest } = clusterData([endpointData(a.port)]);
    worker.apply([{ ...rest, connectionSettings: { ...connectionSettings, enableTrailers: true } }]);
    const fresh = worker.request();
    const second = await a.nextRequest();
    assert.notEqual(second.connection, exchange.connection);
    exchange.respond();
    second.respond();
    assert.deepEqual([await old.done, await fresh.done], ["200", "200"]);
    await a.connections[0]!.whenClosed;
    assert.equal(a.connections[1]!.closed, false);
  });

  it("puts new limits into force while requests run", async () => {
    a.setScript(undefined);
    endpoints(a.port);
    const running = worker.request();
    const exchange = await a.nextRequest();
    const tight = { ...DEFAULT_THRESHOLDS, maxConnections: 1, maxPendingRequests: 0 };
    worker.apply([clusterData([endpointData(a.port)], { circuitBreakers: { default: tight, high: tight } })]);
    assert.equal(worker.request().outcome, "overflow");
    exchange.respond();
    assert.equal(await running.done, "200");
  });

  it("shares limits with the other workers", async () => {
    a.setScript(undefined);
    const other = new WorkerFixture({ cells: worker.cells, workerSlot: 1 });
    const limited = { ...DEFAULT_THRESHOLDS, maxRequests: 1 };
    const data = clusterData([endpointData(a.port)], { circuitBreakers: { default: limited, high: limited } });
    worker.apply([data]);
    other.apply([data]);
    const first = worker.request();
    const exchange = await a.nextRequest();
    assert.equal(await other.request().done, "overflow");
    other.manager.refreshGauges();
    assert.equal(other.stat("circuit_breakers.default.rq_open"), 1);
    exchange.respond();
    await first.done;
    other.manager.refreshGauges();
    assert.equal(other.stat("circuit_breakers.default.rq_open"), 0);
    other.close();
  });

  it("says beforehand how many connections a change would wind up", async () => {
    endpoints(a.port, b.port);
    await served(worker.request());
    await served(worker.request());
    const count = (ports: readonly number[], hash = "new"): number =>
      worker.manager.countDrainedBy({ upserts: [upsert(ports, hash)], removals: [] });
    assert.equal(count([a.port, b.port, 1]), 0);
    assert.equal(count([a.port]), 1);
    assert.equal(count([]), 2);
    assert.equal(worker.manager.countDrainedBy({ upserts: [], removals: ["one", "unknown"] }), 2);
    assert.equal(worker.manager.connectionCount, 2);
  });

  it("keeps serving while it drains for a worker that leaves, one request per connection", async () => {
    endpoints(a.port);
    await served(worker.request());
    worker.manager.drain();
    await a.connections[0]!.whenClosed;
    const late = worker.request();
    assert.equal(worker.manager.connectionCount, 1);
    await served(late);
    await a.connections[1]!.whenClosed;
    assert.equal(worker.manager.connectionCount, 0);
  });

  it("resets what runs when it closes", async () => {
    a.setScript(undefined);
    endpoints(a.port);
    const running = worker.request();
    await a.nextRequest();
    worker.manager.close();
    assert.equal(await running.done, "connection termination");
    assert.deepEqual(worker.statsOf("upstream_cx_destroy_local_with_active_rq", "upstream_cx_active"), {
      upstream_cx_destroy_local_with_active_rq: 1,
      upstream_cx_active: 0,
    });
  });

  it("shows per host what the workers counted, added up", async () => {
    const other = new WorkerFixture({ cells: worker.cells, workerSlot: 1 });
    const data = clusterData([endpointData(a.port, { hostname: "a.test", weight: 2 })]);
    worker.apply([data]);
    other.apply([data]);
    await served(worker.request());
    await served(other.request());
    await served(other.request());
    const [cluster] = mergeClusterInspections([worker.manager.inspect(), other.manager.inspect()]);
    assert.equal(cluster!.connectionCount, 2);
    assert.deepEqual(structuredClone(cluster!.hosts), [
      {
        address: `127.0.0.1:${a.port}`,
        hostname: "a.test",
        healthStatus: "unknown",
        healthFlags: 0,
        weight: 2,
        priority: 0,
        locality: { region: "", zone: "", subZone: "" },
        canary: false,
        stats: {
          cxTotal: 2,
          cxActive: 2,
          cxConnectFail: 0,
          rqTotal: 3,
          rqActive: 0,
          rqSuccess: 0,
          rqError: 0,
          rqTimeout: 0,
        },
      },
    ]);
    other.close();
  });
});

async function served(request: PoolRequest): Promise<PoolRequest> {
  assert.equal(await request.done, "200");
  return request;
}
