import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { RequestHeaderMap } from "../../../src/http/header-map.ts";
import type { ClusterData } from "../../../src/upstream/cluster-data.ts";
import { answering, FakeUpstream, hanging } from "../../harness/fake-upstream.ts";
import { clusterData, DEFAULT_THRESHOLDS, endpointData } from "./cluster-fixture.ts";
import { PoolRequest, WorkerFixture } from "./pool-fixture.ts";

describe("Http1ConnPool", () => {
  let upstream: FakeUpstream;
  let worker: WorkerFixture;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(answering("hello"));
    worker = new WorkerFixture();
  });

  afterEach(async () => {
    worker.close();
    await upstream.close();
    assert.equal(worker.clock.timers.armedCount, 0, "no timer outlives the pool");
    assert.deepEqual(worker.statsOf("upstream_cx_active", "upstream_rq_active", "upstream_rq_pending_active"), {
      upstream_cx_active: 0,
      upstream_rq_active: 0,
      upstream_rq_pending_active: 0,
    });
    assert.deepEqual(worker.cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0]);
  });

  function configure(changes: Partial<ClusterData> = {}): void {
    worker.apply([clusterData([endpointData(upstream.port)], changes)]);
  }

  function limits(changes: Partial<typeof DEFAULT_THRESHOLDS>): Partial<ClusterData> {
    return {
      circuitBreakers: { default: { ...DEFAULT_THRESHOLDS, ...changes }, high: DEFAULT_THRESHOLDS },
    };
  }

  /** Resolves when the worker has noticed that its connections to the upstream are over. */
  async function connectionsGone(): Promise<void> {
    while (worker.stat("upstream_cx_active") > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  describe("reuse", () => {
    it("sends the next request on the connection of the one before", async () => {
      configure();
      const first = worker.request();
      assert.equal(await first.done, "200");
      assert.equal(first.body, "hello");
      assert.equal(first.reused, false);
      const second = worker.request();
      assert.equal(await second.done, "200");
      assert.equal(second.reused, true);
      assert.equal(second.connection!.id, first.connection!.id);
      assert.equal(upstream.connections.length, 1);
      assert.deepEqual(worker.statsOf("upstream_cx_total", "upstream_cx_http1_total", "upstream_rq_total"), {
        upstream_cx_total: 1,
        upstream_cx_http1_total: 1,
        upstream_rq_total: 2,
      });
    });

    it("answers at once when a connection is ready", async () => {
      configure();
      await worker.request().done;
      const second = worker.request();
      assert.equal(second.pending, null);
      assert.notEqual(second.connection, null);
      await second.done;
    });

    it("takes the connection that was used last", async () => {
      upstream.setScript(undefined);
      configure();
      const a = worker.request();
      const b = worker.request();
      const exchanges = [await upstream.nextRequest(), await upstream.nextRequest()];
      exchanges[0]!.respond();
      await Promise.race([a.done, b.done]);
      const first = a.outcome === "200" ? a : b;
      const last = first === a ? b : a;
      exchanges[1]!.respond();
      await last.done;
      const third = worker.request();
      assert.equal(third.connection!.id, last.connection!.id);
    });

    it("gives a connection freed by a response to who has waited longest", async () => {
      upstream.setScript(undefined);
      configure(limits({ maxConnections: 1 }));
      const [a, b, c] = [worker.request(), worker.request(), worker.request()];
      (await upstream.nextRequest()).respond({ body: "1" });
      assert.equal(await a.done, "200");
      (await upstream.nextRequest()).respond({ body: "2" });
      assert.equal(await b.done, "200");
      assert.equal(b.body, "2");
      assert.equal(c.outcome, "");
      (await upstream.nextRequest()).respond({ body: "3" });
      assert.equal(await c.done, "200");
      assert.equal(upstream.connections.length, 1);
      assert.equal(worker.stat("upstream_cx_overflow"), 2);
    });
  });

  describe("connections that can't be used again", () => {
    const rows = [
      {
        name: "announced by connection: close",
        answer: "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
      },
      {
        name: "with bytes behind the response",
        answer: "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n",
      },
      { name: "of an HTTP/1.0 server", answer: "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n" },
    ];
    for (const { name, answer } of rows) {
      it(`are closed after the response: ${name}`, async () => {
        upstream.setScript((exchange) => exchange.write(answer));
        configure();
        assert.equal(await worker.request().done, "200");
        await upstream.connections[0]!.whenClosed;
        assert.equal(worker.stat("upstream_cx_close_notify"), 1);
        upstream.setScript(answering());
        assert.equal((await finished(worker.request())).reused, false);
        assert.equal(upstream.connections.length, 2);
      });
    }

    it("are closed when the peer closes them while idle", async () => {
      configure();
      await worker.request().done;
      upstream.connections[0]!.end();
      await connectionsGone();
      assert.deepEqual(worker.statsOf("upstream_cx_destroy_remote", "upstream_cx_destroy_with_active_rq"), {
        upstream_cx_destroy_remote: 1,
        upstream_cx_destroy_with_active_rq: 0,
      });
      assert.equal((await finished(worker.request())).reused, false);
    });

    it("are closed when the peer resets them while idle", async () => {
      configure();
      await worker.request().done;
      upstream.connections[0]!.reset();
      await connectionsGone();
      assert.equal(worker.stat("upstream_cx_destroy_remote"), 1);
    });

    it("are closed when bytes come that nobody asked for, which counts as a protocol error", async () => {
      configure();
      await worker.request().done;
      upstream.connections[0]!.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison");
      await upstream.connections[0]!.whenClosed;
      assert.deepEqual(worker.statsOf("upstream_cx_protocol_error", "upstream_cx_destroy_local"), {
        upstream_cx_protocol_error: 1,
        upstream_cx_destroy_local: 1,
      });
      const next = await finished(worker.request());
      assert.equal(next.body, "hello");
    });

    it("are closed without a protocol error when an idle one says 408", async () => {
      configure();
      await worker.request().done;
      upstream.connections[0]!.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n");
      await upstream.connections[0]!.whenClosed;
      assert.equal(worker.stat("upstream_cx_protocol_error"), 0);
    });

    it("are closed when a stream is reset in flight", async () => {
      upstream.setScript(hanging);
      configure();
      const request = worker.request();
      await upstream.connected();
      await request.ready;
      request.encoder!.stream.reset("local reset");
      assert.equal(await request.done, "local reset");
      await upstream.connections[0]!.whenClosed;
      assert.deepEqual(
        worker.statsOf("upstream_cx_destroy_local", "upstream_cx_destroy_local_with_active_rq", "upstream_rq_active"),
        { upstream_cx_destroy_local: 1, upstream_cx_destroy_local_with_active_rq: 1, upstream_rq_active: 0 },
      );
      assert.equal(worker.stat("upstream_cx_close_notify"), 0);
    });

    it("reset their stream when the peer closes before a response", async () => {
      upstream.setScript((exchange) => exchange.end());
      configure();
      assert.equal(await worker.request().done, "connection termination");
      await connectionsGone();
      assert.equal(worker.stat("upstream_cx_destroy_remote_with_active_rq"), 1);
    });

    it("end a response without length by closing, which is no loss", async () => {
      upstream.setScript((exchange) => {
        exchange.write("HTTP/1.1 200 OK\r\n\r\nall of it");
        exchange.end();
      });
      configure();
      const request = await finished(worker.request());
      assert.deepEqual([request.outcome, request.body], ["200", "all of it"]);
      await connectionsGone();
      assert.equal(worker.stat("upstream_cx_destroy_remote"), 1);
      assert.equal(worker.stat("upstream_cx_destroy_with_active_rq"), 0);
    });

    it("stay usable if a stream is given up before anything was sent", async () => {
      configure();
      const unsent = new PoolRequest(false);
      worker.request(unsent);
      await unsent.ready;
      unsent.encoder!.stream.reset("local reset");
      const next = await finished(worker.request());
      assert.equal(next.connection!.id, unsent.connection!.id);
      assert.equal(next.reused, false);
      assert.equal(upstream.connections.length, 1);
    });

    it("reset their stream when the response breaks the protocol", async () => {
      upstream.setScript((exchange) =>
        exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
      );
      configure();
      assert.equal(await worker.request().done, "protocol error");
      await upstream.connections[0]!.whenClosed;
      assert.deepEqual(worker.statsOf("upstream_cx_protocol_error", "upstream_cx_destroy_local_with_active_rq"), {
        upstream_cx_protocol_error: 1,
        upstream_cx_destroy_local_with_active_rq: 1,
      });
    });

    it("do not end a response without length by a connection reset", async () => {
      upstream.setScript((exchange) => {
        exchange.write("HTTP/1.1 200 OK\r\n\r\npart");
      });
      configure();
      const request = worker.request();
      await upstream.connected();
      while (request.body !== "part") await new Promise((resolve) => setImmediate(resolve));
      upstream.connections[0]!.reset();
      assert.equal(await request.done, "connection termination");
      await connectionsGone();
      assert.equal(worker.stat("upstream_cx_destroy_remote_with_active_rq"), 1);
    });
  });

  describe("limits of a connection's life", () => {
    it("closes after max_requests_per_connection", async () => {
      configure({ maxRequestsPerConnection: 2 });
      for (let request = 0; request < 4; request++) await worker.request().done;
      await connectionsGone();
      assert.equal(upstream.connections.length, 2);
      assert.equal(worker.stat("upstream_cx_max_requests"), 2);
      assert.deepEqual(worker.stats.samples("cluster.one.upstream_rq_per_cx"), [2, 2]);
    });

    it("closes after the idle timeout, counted from the last response", async () => {
      configure({ idleTimeoutMs: 1000 });
      await worker.request().done;
      worker.clock.advance(900);
      await worker.request().done;
      worker.clock.advance(990);
      assert.equal(worker.stat("upstream_cx_active"), 1);
      worker.clock.advance(20);
      assert.equal(worker.stat("upstream_cx_active"), 0);
      assert.equal(worker.stat("upstream_cx_idle_timeout"), 1);
    });

    it("closes each idle connection at its own time", async () => {
      upstream.setScript(undefined);
      configure({ idleTimeoutMs: 1000 });
      const requests = [worker.request(), worker.request()];
      (await upstream.nextRequest()).respond();
      await Promise.race(requests.map((request) => request.done));
      worker.clock.advance(500);
      (await upstream.nextRequest()).respond();
      await Promise.all(requests.map((request) => request.done));
      worker.clock.advance(510);
      assert.equal(worker.stat("upstream_cx_active"), 1);
      worker.clock.advance(500);
      assert.equal(worker.stat("upstream_cx_active"), 0);
    });

    it("does not time out a connection that is in use", async () => {
      upstream.setScript(undefined);
      configure({ idleTimeoutMs: 1000 });
      const first = worker.request();
      (await upstream.nextRequest()).respond();
      await first.done;
      const second = worker.request();
      const exchange = await upstream.nextRequest();
      worker.clock.advance(5000);
      exchange.respond();
      assert.equal(await second.done, "200");
      assert.equal(worker.stat("upstream_cx_idle_timeout"), 0);
    });

    it("serves no new request after the maximum duration, but finishes the present one", async () => {
      upstream.setScript(undefined);
      configure({ maxConnectionDurationMs: 1000 });
      const request = worker.request();
      const exchange = await upstream.nextRequest();
      worker.clock.advance(1010);
      assert.equal(worker.stat("upstream_cx_max_duration_reached"), 1);
      assert.equal(request.outcome, "");
      exchange.respond();
      assert.equal(await request.done, "200");
      await upstream.connections[0]!.whenClosed;
      assert.equal(worker.stat("upstream_cx_close_notify"), 0);
    });

    it("closes an idle connection at the maximum duration", async () => {
      configure({ maxConnectionDurationMs: 1000 });
      await worker.request().done;
      worker.clock.advance(1010);
      assert.equal(worker.stat("upstream_cx_active"), 0);
    });
  });

  describe("failure to connect", () => {
    it("fails everyone who waits, and says what the system said", async () => {
      await upstream.close();
      configure();
      const requests = [worker.request(), worker.request(), worker.request()];
      const outcomes = await Promise.all(requests.map((request) => request.done));
      const refused = "remoteConnectionFailure: delayed connect error: Connection refused";
      assert.deepEqual(outcomes, [refused, refused, refused]);
      await connectionsGone();
      assert.deepEqual(
        worker.statsOf(
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
      assert.equal(worker.manager.inspect()[0]!.hosts[0]!.stats.cxConnectFail, 3);
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
      worker.apply([clusterData([endpointData(0, { address: { type: "pipe", path: "/nowhere/at.all", mode: 0 } })])]);
      const outcome = await worker.request().done;
      assert.equal(outcome, "remoteConnectionFailure: delayed connect error: No such file or directory");
      const server = net.createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
      });
      const path = `@troupe-pool-test-${process.pid}`;
      server.listen({ path: `\0${path.slice(1)}` });
      await once(server, "listening");
      worker.apply([clusterData([endpointData(0, { address: { type: "pipe", path, mode: 0 } })])]);
      assert.equal(await worker.request().done, "200");
      worker.close();
      server.close();
      await once(server, "close");
    });
  });

  describe("breakers", () => {
    it("refuses who would have to wait beyond max_pending_requests", async () => {
      upstream.setScript(undefined);
      configure(limits({ maxConnections: 1, maxPendingRequests: 1 }));
      const first = worker.request();
      await first.ready;
      const waiting = worker.request();
      const refused = worker.request();
      assert.equal(refused.outcome, "overflow");
      assert.equal(refused.pending, null);
      assert.equal(worker.stat("upstream_rq_pending_overflow"), 1);
      worker.manager.refreshGauges();
      assert.equal(worker.stat("circuit_breakers.default.rq_pending_open"), 1);
      (await upstream.nextRequest()).respond();
      (await upstream.nextRequest()).respond();
      assert.equal(await waiting.done, "200");
      worker.manager.refreshGauges();
      assert.equal(worker.stat("circuit_breakers.default.rq_pending_open"), 0);
    });

    it("refuses requests beyond max_requests, also on a ready connection", async () => {
      upstream.setScript(undefined);
      configure(limits({ maxRequests: 1 }));
      const [a, b] = [worker.request(), worker.request()];
      const outcome = await Promise.race([a.ready.then(() => b.done), b.ready.then(() => a.done)]);
      assert.equal(outcome, "overflow");
      (await upstream.nextRequest()).respond();
      const served = a.outcome === "overflow" ? b : a;
      assert.equal(await served.done, "200");
      assert.equal(worker.stat("upstream_rq_pending_overflow"), 1);
    });

    it("opens one connection per host whatever max_connections says", async () => {
      configure(limits({ maxConnections: 0 }));
      assert.equal(await worker.request().done, "200");
      worker.manager.refreshGauges();
      assert.deepEqual(worker.statsOf("upstream_cx_overflow", "circuit_breakers.default.cx_open"), {
        upstream_cx_overflow: 1,
        "circuit_breakers.default.cx_open": 1,
      });
    });

    it("keeps the priorities apart", async () => {
      upstream.setScript(undefined);
      configure(limits({ maxConnections: 1, maxPendingRequests: 1, maxRequests: 1 }));
      const first = worker.request();
      await first.ready;
      const high = worker.request(new PoolRequest(), "high");
      await high.ready;
      assert.notEqual(high.connection!.id, first.connection!.id);
      (await upstream.nextRequest()).respond();
      (await upstream.nextRequest()).respond();
      assert.deepEqual(await Promise.all([first.done, high.done]), ["200", "200"]);
    });

    it("shows what remains if track_remaining is set", async () => {
      upstream.setScript(undefined);
      configure(limits({ maxConnections: 10, maxRequests: 5, trackRemaining: true }));
      await worker.request().ready;
      worker.manager.refreshGauges();
      const names = ["remaining_cx", "remaining_rq", "remaining_pending", "remaining_retries"];
      assert.deepEqual(
        names.map((name) => worker.stat(`circuit_breakers.default.${name}`)),
        [9, 4, 1024, 3],
      );
      assert.equal(worker.stats.has("cluster.one.circuit_breakers.high.remaining_cx"), false);
    });
  });

  describe("flow control", () => {
    it("tells the stream when the upstream takes the request too slowly, and when it catches up", async () => {
      upstream.setScript(hanging);
      const { connectionSettings, ...rest } = clusterData([endpointData(upstream.port)]);
      worker.apply([{ ...rest, connectionSettings: { ...connectionSettings, perConnectionBufferLimitBytes: 65_536 } }]);
      const marks: string[] = [];
      const caughtUp = Promise.withResolvers<void>();
      const request = new PoolRequest(false);
      request.onAboveWriteBufferHighWatermark = () => void marks.push("high");
      request.onBelowWriteBufferLowWatermark = () => {
        marks.push("low");
        caughtUp.resolve();
      };
      worker.request(request);
      await upstream.connected();
      await request.ready;
      upstream.connections[0]!.pause();
      request.encoder!.encodeHeaders(postRequest(), false);
      request.encoder!.encodeData(Buffer.alloc(16 * 1024 * 1024), false);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(marks, ["high"]);
      assert.ok(worker.stat("upstream_cx_tx_bytes_buffered") > 65_536);
      upstream.connections[0]!.resume();
      await caughtUp.promise;
      assert.deepEqual(marks, ["high", "low"]);
      assert.equal(worker.stat("upstream_cx_tx_bytes_buffered"), 0);
    });

    it("stops reading while a stream wants no more, and starts again with the next one", async () => {
      upstream.setScript(undefined);
      configure();
      const request = worker.request();
      const exchange = await upstream.nextRequest();
      request.encoder!.stream.readDisable(true);
      exchange.respond({ body: "x" });
      exchange.connection.write("");
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(request.outcome, "");
      request.encoder!.stream.readDisable(false);
      assert.equal(await request.done, "200");
      const next = worker.request();
      (await upstream.nextRequest()).respond();
      assert.equal(await next.done, "200");
      assert.equal(next.reused, true);
    });
  });

  describe("cancelling", () => {
    it("forgets a request that waits, and keeps the connection for another", async () => {
      configure();
      const request = worker.request();
      request.pending!.cancel();
      request.pending!.cancel();
      assert.equal(worker.stat("upstream_rq_cancelled"), 1);
      await upstream.connected();
      const second = await finished(worker.request());
      assert.equal(second.outcome, "200");
      assert.equal(upstream.connections.length, 1);
      assert.equal(request.outcome, "");
    });

    it("takes a request out of the queue while its neighbours are failing", async () => {
      await upstream.close();
      configure();
      const [a, b, c] = [worker.request(), worker.request(), worker.request()];
      void a.done.then(() => {});
      const fail = a.onPoolFailure.bind(a);
      a.onPoolFailure = (reason, transport) => {
        fail(reason, transport);
        b.pending!.cancel();
      };
      await c.done;
      assert.deepEqual([a.outcome !== "", b.outcome, c.outcome !== ""], [true, "", true]);
      await connectionsGone();
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

async function finished(request: PoolRequest): Promise<PoolRequest> {
  await request.done;
  return request;
}
