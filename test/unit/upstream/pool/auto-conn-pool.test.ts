import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import { noteUpstreamTls } from "../../../../src/net/upstream-tls.ts";
import type { ClusterData } from "../../../../src/upstream/cluster-data.ts";
import { connectSocket } from "../../../../src/upstream/connect/connect-socket.ts";
import type { UpstreamConnector } from "../../../../src/upstream/pool/pool-environment.ts";
import { answering, FakeUpstream } from "../../../harness/fake-upstream.ts";
import { until } from "../../../harness/until.ts";
import { clusterData, endpointData } from "../cluster-fixture.ts";
import { WorkerFixture } from "./pool-fixture.ts";
import { limits } from "./pool-scene.ts";

/** Never connects. */
const hanging: UpstreamConnector = () => Object.assign(new net.Socket(), { connecting: true });

function agreeing(alpnProtocol: () => string): UpstreamConnector {
  return (...request) => {
    const socket = connectSocket(...request);
    socket.once("connect", () => {
      noteUpstreamTls(socket, {
        version: "TLSv1.3",
        cipher: "",
        sessionId: "",
        serverName: "",
        alpnProtocol: alpnProtocol(),
        sessionReused: false,
        peer: null,
        peerValidated: false,
        peerChain: [],
        local: null,
      });
    });
    return socket;
  };
}

function autoCluster(port: number, changes: Partial<ClusterData> = {}): ClusterData {
  const data = clusterData([endpointData(port)], changes);
  return { ...data, connectionSettings: { ...data.connectionSettings, httpProtocol: "auto" } };
}

function scene(connect: UpstreamConnector, port = 1, changes: Partial<ClusterData> = {}): WorkerFixture {
  const worker = new WorkerFixture({ connect });
  worker.apply([autoCluster(port, changes)]);
  return worker;
}

function assertNothingLeft(worker: WorkerFixture): void {
  worker.close();
  assert.equal(worker.clock.timers.armedCount, 0);
  assert.deepEqual(worker.statsOf("upstream_cx_active", "upstream_rq_active", "upstream_rq_pending_active"), {
    upstream_cx_active: 0,
    upstream_rq_active: 0,
    upstream_rq_pending_active: 0,
  });
  assert.deepEqual(worker.cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

describe("A pool that does not know the protocol yet", () => {
  it("opens one connection, lets no more wait than the breaker does, and may be cancelled", () => {
    const worker = scene(hanging, 1, limits({ maxPendingRequests: 3 }));
    const requests = Array.from({ length: 4 }, () => worker.request());
    assert.deepEqual(
      requests.map(({ outcome }) => outcome),
      ["", "", "", "overflow"],
    );
    requests[0]!.pending!.cancel();
    const names = ["upstream_cx_total", "upstream_rq_pending_active", "upstream_rq_pending_overflow"] as const;
    assert.deepEqual(worker.statsOf(...names, "upstream_rq_cancelled"), {
      upstream_cx_total: 1,
      upstream_rq_pending_active: 2,
      upstream_rq_pending_overflow: 1,
      upstream_rq_cancelled: 1,
    });
    assert.equal([...worker.manager.pools(() => true)][0]?.protocol, "HTTP");
    worker.clock.advance(5010);
    assert.deepEqual(
      [requests[0]!, requests[1]!, requests[2]!].map(({ outcome }) => outcome),
      ["", "timeout", "timeout"],
    );
    assert.deepEqual([...worker.manager.pools(() => true)], [], "the pool is gone with its connection");
    assertNothingLeft(worker);
  });

  it("goes with its cluster: who waits is told, and nothing is left", () => {
    const worker = scene(hanging);
    const request = worker.request();
    worker.close();
    assert.equal(request.outcome, "localConnectionFailure");
    assertNothingLeft(worker);
  });

  it("serves who waits when its cluster is removed meanwhile, then closes", async () => {
    const upstream = await FakeUpstream.start(answering("hello"));
    const worker = scene(
      agreeing(() => ""),
      upstream.port,
    );
    const requests = [worker.request(), worker.request(), worker.request()];
    worker.apply([], ["one"]);
    assert.deepEqual(await Promise.all(requests.map(({ done }) => done)), ["200", "200", "200"]);
    await until("the connections are closed", () => worker.stat("upstream_cx_active") === 0);
    assertNothingLeft(worker);
    await upstream.close();
  });

  it("fails a later connection that gets another protocol, and begins anew when no connection is left", async () => {
    const upstream = await FakeUpstream.start(answering("hello"));
    let chosen = "http/1.1";
    const worker = scene(
      agreeing(() => chosen),
      upstream.port,
    );
    upstream.setScript(undefined);
    const first = worker.request();
    const exchange = await upstream.nextRequest();
    chosen = "h2";
    const second = worker.request();
    assert.equal(await second.done, 'remoteConnectionFailure: by ALPN the host now chose "h2"');
    exchange.respond();
    assert.equal(await first.done, "200");
    assert.deepEqual(worker.statsOf("upstream_cx_http1_total", "upstream_cx_connect_fail", "upstream_cx_http2_total"), {
      upstream_cx_http1_total: 2,
      upstream_cx_connect_fail: 1,
      upstream_cx_http2_total: 0,
    });
    for (const connection of upstream.connections) connection.end();
    await until("the connection is gone", () => worker.stat("upstream_cx_active") === 0);
    const third = worker.request();
    await third.ready;
    assert.equal(worker.stat("upstream_cx_http2_total"), 1);
    third.encoder?.stream.reset("local reset");
    assertNothingLeft(worker);
    await upstream.close();
  });
});
