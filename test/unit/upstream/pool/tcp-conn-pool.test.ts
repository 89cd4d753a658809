import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../../src/lb/load-balancer-context.ts";
import type { ClusterData } from "../../../../src/upstream/cluster-data.ts";
import type { TcpPoolCallbacks, TcpUpstream as Upstream } from "../../../../src/upstream/pool/tcp-upstream.ts";
import { TcpUpstream } from "../../../harness/tcp-peer.ts";
import { until } from "../../../harness/until.ts";
import { clusterData, endpointData } from "../cluster-fixture.ts";
import { WorkerFixture } from "./pool-fixture.ts";
import { limits } from "./pool-scene.ts";

/** Keeps what a pool answers and what becomes of the connection. */
class Recorder implements TcpPoolCallbacks {
  upstream: Upstream | null = null;
  readonly events: string[] = [];

  onTcpPoolReady(upstream: Upstream): void {
    this.upstream = upstream;
    this.events.push("ready");
    upstream.setCallbacks({
      onData: (data) => this.events.push(data.toString()),
      onEndOfStream: () => this.events.push("end"),
      onClose: (event, reason) => this.events.push(`${event} ${reason}`.trim()),
      onAboveWriteBufferHighWatermark: () => this.events.push("above"),
      onBelowWriteBufferLowWatermark: () => this.events.push("below"),
    });
  }

  onTcpPoolFailure(reason: string, transportFailureReason: string): void {
    this.events.push(`${reason}: ${transportFailureReason}`);
  }
}

describe("TcpConnPool", () => {
  let upstream: TcpUpstream;
  let worker: WorkerFixture;

  function start(changes: Partial<ClusterData> = {}, connect?: () => net.Socket): void {
    worker = new WorkerFixture(connect === undefined ? {} : { connect });
    worker.apply([clusterData([endpointData(upstream.port)], changes)]);
  }

  function open(recorder = new Recorder()) {
    const cluster = worker.manager.get("one")!;
    const pending = cluster.tcpPool(cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!).newConnection(recorder);
    return { recorder, pending };
  }

  beforeEach(async () => {
    upstream = await TcpUpstream.start();
  });
  afterEach(async () => {
    worker.close();
    await upstream.close();
    await until("the end of all connections", () => worker.stat("upstream_cx_active") === 0);
    assert.equal(worker.clock.timers.armedCount, 0, "no timer outlives the pool");
    assert.deepEqual(worker.cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(worker.stat("upstream_rq_active"), 0);
    assert.equal(worker.stat("upstream_rq_pending_active"), 0);
  });

  it("opens a connection of its own for each user", async () => {
    start();
    const [first, second] = [open().recorder, open().recorder];
    await until("both", () => first.upstream !== null && second.upstream !== null);
    assert.notEqual(first.upstream, second.upstream);
    assert.deepEqual(worker.statsOf("upstream_cx_total", "upstream_rq_total", "upstream_rq_pending_total"), {
      upstream_cx_total: 2,
      upstream_rq_total: 2,
      upstream_rq_pending_total: 2,
    });
    first.upstream?.connection.close("noFlush");
    await until("the end of the first", () => first.events.includes("localClose"));
    assert.equal(worker.stat("upstream_cx_destroy_local_with_active_rq"), 1);
    assert.equal(worker.stat("upstream_cx_active"), 1);
  });

  it("tells its user of bytes, the server's end, and the end of the connection", async () => {
    start();
    const { recorder } = open();
    const server = await upstream.connection();
    server.write("hello");
    server.end();
    await until("the end", () => recorder.events.includes("end"));
    recorder.upstream?.connection.closeWrite();
    await until("the close", () => recorder.events.length === 4);
    assert.deepEqual(recorder.events, ["ready", "hello", "end", "remoteClose"]);
  });

  it("gives up connecting after the cluster's connect_timeout", () => {
    start({}, () => new net.Socket());
    const { recorder } = open();
    worker.clock.advance(4_980);
    assert.deepEqual(recorder.events, []);
    worker.clock.advance(40);
    assert.deepEqual(recorder.events, ["timeout: "]);
    const names = ["upstream_cx_connect_timeout", "upstream_cx_connect_fail", "upstream_rq_pending_failure_eject"];
    assert.deepEqual(Object.values(worker.statsOf(...names)), [1, 1, 1]);
  });

  it("closes a connection that is still being opened when its user gives up", () => {
    start({}, () => new net.Socket());
    const { recorder, pending } = open();
    pending?.cancel();
    pending?.cancel();
    assert.deepEqual(recorder.events, []);
    assert.deepEqual(worker.statsOf("upstream_cx_active", "upstream_rq_cancelled", "upstream_rq_pending_active"), {
      upstream_cx_active: 0,
      upstream_rq_cancelled: 1,
      upstream_rq_pending_active: 0,
    });
  });

  it("keeps to the breakers of connections and of pending requests", () => {
    start(limits({ maxConnections: 1 }), () => new net.Socket());
    open();
    assert.deepEqual(open().recorder.events, ["overflow: "]);
    assert.equal(worker.stat("upstream_cx_overflow"), 1);
    worker.close();
    start(limits({ maxPendingRequests: 0 }), () => new net.Socket());
    assert.deepEqual(open().recorder.events, ["overflow: "]);
    assert.equal(worker.stat("upstream_rq_pending_overflow"), 1);
  });

  it("leaves connections to a removed host to their users, and counts them until then", async () => {
    start();
    const { recorder } = open();
    await until("the connection", () => recorder.upstream !== null);
    worker.apply([clusterData([endpointData(1)])]);
    assert.equal(worker.manager.connectionCount, 1);
    const server = await upstream.connection();
    server.write("still here");
    await until("its bytes", () => recorder.events.includes("still here"));
    recorder.upstream?.connection.close("noFlush");
    await until("its end", () => worker.manager.connectionCount === 0);
  });
});
