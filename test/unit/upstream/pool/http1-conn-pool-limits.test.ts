import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { RequestHeaderMap } from "../../../../src/http/header-map.ts";
import { hanging } from "../../../harness/fake-upstream.ts";
import { REFUSING_PORT } from "../../../harness/refusing-port.ts";
import { clusterData, endpointData } from "../cluster-fixture.ts";
import { PoolRequest, WorkerFixture } from "./pool-fixture.ts";
import { finished, limits, PoolScene } from "./pool-scene.ts";

describe("An Http1ConnPool at its limits", () => {
  let scene: PoolScene;

  beforeEach(async () => {
    scene = await PoolScene.start();
  });
  afterEach(() => scene.end());

  describe("limits of a connection's life", () => {
    it("closes after max_requests_per_connection", async () => {
      scene.configure({ maxRequestsPerConnection: 2 });
      for (let request = 0; request < 4; request++) await scene.worker.request().done;
      await scene.connectionsGone();
      assert.equal(scene.upstream.connections.length, 2);
      assert.equal(scene.worker.stat("upstream_cx_max_requests"), 2);
      assert.deepEqual(scene.worker.stats.samples("cluster.one.upstream_rq_per_cx"), [2, 2]);
    });

    it("closes after the idle timeout, counted from the last response", async () => {
      scene.configure({ idleTimeoutMs: 1000 });
      await scene.worker.request().done;
      scene.worker.clock.advance(900);
      await scene.worker.request().done;
      scene.worker.clock.advance(990);
      assert.equal(scene.worker.stat("upstream_cx_active"), 1);
      scene.worker.clock.advance(20);
      assert.equal(scene.worker.stat("upstream_cx_active"), 0);
      assert.equal(scene.worker.stat("upstream_cx_idle_timeout"), 1);
    });

    it("closes each idle connection at its own time", async () => {
      scene.upstream.setScript(undefined);
      scene.configure({ idleTimeoutMs: 1000 });
      const requests = [scene.worker.request(), scene.worker.request()];
      (await scene.upstream.nextRequest()).respond();
      await Promise.race(requests.map((request) => request.done));
      scene.worker.clock.advance(500);
      (await scene.upstream.nextRequest()).respond();
      await Promise.all(requests.map((request) => request.done));
      scene.worker.clock.advance(510);
      assert.equal(scene.worker.stat("upstream_cx_active"), 1);
      scene.worker.clock.advance(500);
      assert.equal(scene.worker.stat("upstream_cx_active"), 0);
    });

    it("does not time out a connection that is in use", async () => {
      scene.upstream.setScript(undefined);
      scene.configure({ idleTimeoutMs: 1000 });
      const first = scene.worker.request();
      (await scene.upstream.nextRequest()).respond();
      await first.done;
      const second = scene.worker.request();
      const exchange = await scene.upstream.nextRequest();
      scene.worker.clock.advance(5000);
      exchange.respond();
      assert.equal(await second.done, "200");
      assert.equal(scene.worker.stat("upstream_cx_idle_timeout"), 0);
    });

    it("serves no new request after the maximum duration, but finishes the present one", async () => {
      scene.upstream.setScript(undefined);
      scene.configure({ maxConnectionDurationMs: 1000 });
      const request = scene.worker.request();
      const exchange = await scene.upstream.nextRequest();
      scene.worker.clock.advance(1010);
      assert.equal(scene.worker.stat("upstream_cx_max_duration_reached"), 1);
      assert.equal(request.outcome, "");
      exchange.respond();
      assert.equal(await request.done, "200");
      await scene.upstream.connections[0]!.whenClosed;
      assert.equal(scene.worker.stat("upstream_cx_close_notify"), 0);
    });

    it("closes an idle connection at the maximum duration", async () => {
      scene.configure({ maxConnectionDurationMs: 1000 });
      await scene.worker.request().done;
      scene.worker.clock.advance(1010);
      assert.equal(scene.worker.stat("upstream_cx_active"), 0);
    });
  });

  describe("failure to connect", () => {
    it("fails everyone who waits, and says what the system said", async () => {
      scene.worker.apply([clusterData([endpointData(REFUSING_PORT)])]);
      const requests = [scene.worker.request(), scene.worker.request(), scene.worker.request()];
      const outcomes = await Promise.all(requests.map((request) => request.done));
      const refused = "remoteConnectionFailure: delayed connect error: Connection refused";
      assert.deepEqual(outcomes, [refused, refused, refused]);
      await scene.connectionsGone();
      assert.deepEqual(
        scene.worker.statsOf(
          "upstream_cx_connect_fail",
          "upstream_rq_pending_failure_eject",
          "upstream_rq_pending_total",
          "upstream_rq_total",
        ),
        {
          upstream_cx_connect_fail: 3,
          upstream_rq_pending_failure_eject: 3,
          upstream_rq_pending_total: 3,
          upstream_rq_total: 0,
        },
      );
      assert.equal(scene.worker.manager.inspect()[0]!.hosts[0]!.stats.cxConnectFail, 3);
    });

    it("is a timeout when the connection is not there in time", async () => {
      const slow = new WorkerFixture({ connect: () => Object.assign(new net.Socket(), { connecting: true }) });
      slow.apply([clusterData([endpointData(1)], { connectTimeoutMs: 250 })]);
      const request = slow.request();
      slow.clock.advance(240);
      assert.equal(request.outcome, "");
      slow.clock.advance(20);
      assert.equal(request.outcome, "timeout");
      assert.deepEqual(slow.statsOf("upstream_cx_connect_timeout", "upstream_cx_connect_fail", "upstream_cx_active"), {
        upstream_cx_connect_timeout: 1,
        upstream_cx_connect_fail: 1,
        upstream_cx_active: 0,
      });
    });

    it("reaches Unix-domain sockets, and names one that is missing", async () => {
      scene.worker.apply([
        clusterData([endpointData(0, { address: { type: "pipe", path: "/nowhere/at.all", mode: 0 } })]),
      ]);
      const outcome = await scene.worker.request().done;
      assert.equal(outcome, "remoteConnectionFailure: delayed connect error: No such file or directory");
      const server = net.createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
      });
      const path = `@troupe-pool-test-${process.pid}`;
      server.listen({ path: `\0${path.slice(1)}` });
      await once(server, "listening");
      scene.worker.apply([clusterData([endpointData(0, { address: { type: "pipe", path, mode: 0 } })])]);
      assert.equal(await scene.worker.request().done, "200");
      scene.worker.close();
      server.close();
      await once(server, "close");
    });
  });

  describe("breakers", () => {
    it("refuses who would have to wait beyond max_pending_requests", async () => {
      scene.upstream.setScript(undefined);
      scene.configure(limits({ maxConnections: 1, maxPendingRequests: 1 }));
      const first = scene.worker.request();
      await first.ready;
      const waiting = scene.worker.request();
      const refused = scene.worker.request();
      assert.equal(refused.outcome, "overflow");
      assert.equal(refused.pending, null);
      assert.equal(scene.worker.stat("upstream_rq_pending_overflow"), 1);
      scene.worker.manager.refreshGauges();
      assert.equal(scene.worker.stat("circuit_breakers.default.rq_pending_open"), 1);
      (await scene.upstream.nextRequest()).respond();
      (await scene.upstream.nextRequest()).respond();
      assert.equal(await waiting.done, "200");
      scene.worker.manager.refreshGauges();
      assert.equal(scene.worker.stat("circuit_breakers.default.rq_pending_open"), 0);
    });

    it("refuses requests beyond max_requests, also on a ready connection", async () => {
      scene.upstream.setScript(undefined);
      scene.configure(limits({ maxRequests: 1 }));
      const [a, b] = [scene.worker.request(), scene.worker.request()];
      const outcome = await Promise.race([a.ready.then(() => b.done), b.ready.then(() => a.done)]);
      assert.equal(outcome, "overflow");
      (await scene.upstream.nextRequest()).respond();
      const served = a.outcome === "overflow" ? b : a;
      assert.equal(await served.done, "200");
      assert.equal(scene.worker.stat("upstream_rq_pending_overflow"), 1);
    });

    it("opens one connection per host whatever max_connections says", async () => {
      scene.configure(limits({ maxConnections: 0 }));
      assert.equal(await scene.worker.request().done, "200");
      scene.worker.manager.refreshGauges();
      assert.deepEqual(scene.worker.statsOf("upstream_cx_overflow", "circuit_breakers.default.cx_open"), {
        upstream_cx_overflow: 1,
        "circuit_breakers.default.cx_open": 1,
      });
    });

    it("keeps the priorities apart", async () => {
      scene.upstream.setScript(undefined);
      scene.configure(limits({ maxConnections: 1, maxPendingRequests: 1, maxRequests: 1 }));
      const first = scene.worker.request();
      await first.ready;
      const high = scene.worker.request(new PoolRequest(), "high");
      await high.ready;
      assert.notEqual(high.connection!.id, first.connection!.id);
      (await scene.upstream.nextRequest()).respond();
      (await scene.upstream.nextRequest()).respond();
      assert.deepEqual(await Promise.all([first.done, high.done]), ["200", "200"]);
    });

    it("shows what remains if track_remaining is set", async () => {
      scene.upstream.setScript(undefined);
      scene.configure(limits({ maxConnections: 10, maxRequests: 5, trackRemaining: true }));
      await scene.worker.request().ready;
      scene.worker.manager.refreshGauges();
      const names = ["remaining_cx", "remaining_rq", "remaining_pending", "remaining_retries"];
      assert.deepEqual(
        names.map((name) => scene.worker.stat(`circuit_breakers.default.${name}`)),
        [9, 4, 1024, 3],
      );
      assert.equal(scene.worker.stats.has("cluster.one.circuit_breakers.high.remaining_cx"), false);
    });
  });

  describe("flow control", () => {
    it("tells the stream when the upstream takes the request too slowly, and when it catches up", async () => {
      scene.upstream.setScript(hanging);
      const { connectionSettings, ...rest } = clusterData([endpointData(scene.upstream.port)]);
      scene.worker.apply([
        { ...rest, connectionSettings: { ...connectionSettings, perConnectionBufferLimitBytes: 65_536 } },
      ]);
      const marks: string[] = [];
      const caughtUp = Promise.withResolvers<void>();
      const request = new PoolRequest(false);
      request.onAboveWriteBufferHighWatermark = () => void marks.push("high");
      request.onBelowWriteBufferLowWatermark = () => {
        marks.push("low");
        caughtUp.resolve();
      };
      scene.worker.request(request);
      await scene.upstream.connected();
      await request.ready;
      scene.upstream.connections[0]!.pause();
      request.encoder!.encodeHeaders(postRequest(), false);
      request.encoder!.encodeData(Buffer.alloc(16 * 1024 * 1024), false);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(marks, ["high"]);
      assert.ok(scene.worker.stat("upstream_cx_tx_bytes_buffered") > 65_536);
      scene.upstream.connections[0]!.resume();
      await caughtUp.promise;
      assert.deepEqual(marks, ["high", "low"]);
      assert.equal(scene.worker.stat("upstream_cx_tx_bytes_buffered"), 0);
    });

    it("stops reading while a stream wants no more, and starts again with the next one", async () => {
      scene.upstream.setScript(undefined);
      scene.configure();
      const request = scene.worker.request();
      const exchange = await scene.upstream.nextRequest();
      request.encoder!.stream.readDisable(true);
      exchange.respond({ body: "x" });
      exchange.connection.write("");
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(request.outcome, "");
      request.encoder!.stream.readDisable(false);
      assert.equal(await request.done, "200");
      const next = scene.worker.request();
      (await scene.upstream.nextRequest()).respond();
      assert.equal(await next.done, "200");
      assert.equal(next.reused, true);
    });
  });

  describe("cancelling", () => {
    it("forgets a request that waits, and keeps the connection for another", async () => {
      scene.configure();
      const request = scene.worker.request();
      request.pending!.cancel();
      request.pending!.cancel();
      assert.equal(scene.worker.stat("upstream_rq_cancelled"), 1);
      await scene.upstream.connected();
      const second = await finished(scene.worker.request());
      assert.equal(second.outcome, "200");
      assert.equal(scene.upstream.connections.length, 1);
      assert.equal(request.outcome, "");
    });

    it("takes a request out of the queue while its neighbours are failing", async () => {
      scene.worker.apply([clusterData([endpointData(REFUSING_PORT)])]);
      const [a, b, c] = [scene.worker.request(), scene.worker.request(), scene.worker.request()];
      void a.done.then(() => {});
      const fail = a.onPoolFailure.bind(a);
      a.onPoolFailure = (reason, transport) => {
        fail(reason, transport);
        b.pending!.cancel();
      };
      await c.done;
      assert.deepEqual([a.outcome !== "", b.outcome, c.outcome !== ""], [true, "", true]);
      await scene.connectionsGone();
    });
  });
});

function postRequest(): RequestHeaderMap {
  const headers = new RequestHeaderMap(["content-length", String(16 * 1024 * 1024)]);
  headers.method = "POST";
  headers.path = "/";
  headers.authority = "one.test";
  return headers;
}
