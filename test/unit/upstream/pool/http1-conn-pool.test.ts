import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { answering, hanging } from "../../../harness/fake-upstream.ts";
import { PoolRequest } from "./pool-fixture.ts";
import { finished, limits, PoolScene } from "./pool-scene.ts";

describe("Http1ConnPool", () => {
  let scene: PoolScene;

  beforeEach(async () => {
    scene = await PoolScene.start();
  });
  afterEach(() => scene.end());

  describe("reuse", () => {
    it("sends the next request on the connection of the one before", async () => {
      scene.configure();
      const first = scene.worker.request();
      assert.equal(await first.done, "200");
      assert.equal(first.body, "hello");
      assert.equal(first.reused, false);
      const second = scene.worker.request();
      assert.equal(await second.done, "200");
      assert.equal(second.reused, true);
      assert.equal(second.connection!.id, first.connection!.id);
      assert.equal(scene.upstream.connections.length, 1);
      assert.deepEqual(scene.worker.statsOf("upstream_cx_total", "upstream_cx_http1_total", "upstream_rq_total"), {
        upstream_cx_total: 1,
        upstream_cx_http1_total: 1,
        upstream_rq_total: 2,
      });
    });

    it("answers at once when a connection is ready", async () => {
      scene.configure();
      await scene.worker.request().done;
      const second = scene.worker.request();
      assert.equal(second.pending, null);
      assert.notEqual(second.connection, null);
      await second.done;
    });

    it("takes the connection that was used last", async () => {
      scene.upstream.setScript(undefined);
      scene.configure();
      const a = scene.worker.request();
      const b = scene.worker.request();
      const exchanges = [await scene.upstream.nextRequest(), await scene.upstream.nextRequest()];
      exchanges[0]!.respond();
      await Promise.race([a.done, b.done]);
      const first = a.outcome === "200" ? a : b;
      const last = first === a ? b : a;
      exchanges[1]!.respond();
      await last.done;
      const third = scene.worker.request();
      assert.equal(third.connection!.id, last.connection!.id);
    });

    it("gives a connection freed by a response to who has waited longest", async () => {
      scene.upstream.setScript(undefined);
      scene.configure(limits({ maxConnections: 1 }));
      const [a, b, c] = [scene.worker.request(), scene.worker.request(), scene.worker.request()];
      (await scene.upstream.nextRequest()).respond({ body: "1" });
      assert.equal(await a.done, "200");
      (await scene.upstream.nextRequest()).respond({ body: "2" });
      assert.equal(await b.done, "200");
      assert.equal(b.body, "2");
      assert.equal(c.outcome, "");
      (await scene.upstream.nextRequest()).respond({ body: "3" });
      assert.equal(await c.done, "200");
      assert.equal(scene.upstream.connections.length, 1);
      assert.equal(scene.worker.stat("upstream_cx_overflow"), 2);
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
        scene.upstream.setScript((exchange) => exchange.write(answer));
        scene.configure();
        assert.equal(await scene.worker.request().done, "200");
        await scene.upstream.connections[0]!.whenClosed;
        assert.equal(scene.worker.stat("upstream_cx_close_notify"), 1);
        scene.upstream.setScript(answering());
        assert.equal((await finished(scene.worker.request())).reused, false);
        assert.equal(scene.upstream.connections.length, 2);
      });
    }

    it("are closed when the peer closes them while idle", async () => {
      scene.configure();
      await scene.worker.request().done;
      scene.upstream.connections[0]!.end();
      await scene.connectionsGone();
      assert.deepEqual(scene.worker.statsOf("upstream_cx_destroy_remote", "upstream_cx_destroy_with_active_rq"), {
        upstream_cx_destroy_remote: 1,
        upstream_cx_destroy_with_active_rq: 0,
      });
      assert.equal((await finished(scene.worker.request())).reused, false);
    });

    it("are closed when the peer resets them while idle", async () => {
      scene.configure();
      await scene.worker.request().done;
      scene.upstream.connections[0]!.reset();
      await scene.connectionsGone();
      assert.equal(scene.worker.stat("upstream_cx_destroy_remote"), 1);
    });

    it("are closed when bytes come that nobody asked for, which counts as a protocol error", async () => {
      scene.configure();
      await scene.worker.request().done;
      scene.upstream.connections[0]!.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison");
      await scene.upstream.connections[0]!.whenClosed;
      assert.deepEqual(scene.worker.statsOf("upstream_cx_protocol_error", "upstream_cx_destroy_local"), {
        upstream_cx_protocol_error: 1,
        upstream_cx_destroy_local: 1,
      });
      const next = await finished(scene.worker.request());
      assert.equal(next.body, "hello");
    });

    it("are closed without a protocol error when an idle one says 408", async () => {
      scene.configure();
      await scene.worker.request().done;
      scene.upstream.connections[0]!.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n");
      await scene.upstream.connections[0]!.whenClosed;
      assert.equal(scene.worker.stat("upstream_cx_protocol_error"), 0);
    });

    it("are closed when a stream is reset in flight", async () => {
      scene.upstream.setScript(hanging);
      scene.configure();
      const request = scene.worker.request();
      await scene.upstream.connected();
      await request.ready;
      request.encoder!.stream.reset("local reset");
      assert.equal(await request.done, "local reset");
      await scene.upstream.connections[0]!.whenClosed;
      assert.deepEqual(
        scene.worker.statsOf(
          "upstream_cx_destroy_local",
          "upstream_cx_destroy_local_with_active_rq",
          "upstream_rq_active",
        ),
        { upstream_cx_destroy_local: 1, upstream_cx_destroy_local_with_active_rq: 1, upstream_rq_active: 0 },
      );
      assert.equal(scene.worker.stat("upstream_cx_close_notify"), 0);
    });

    it("reset their stream when the peer closes before a response", async () => {
      scene.upstream.setScript((exchange) => exchange.end());
      scene.configure();
      assert.equal(await scene.worker.request().done, "connection termination");
      await scene.connectionsGone();
      assert.equal(scene.worker.stat("upstream_cx_destroy_remote_with_active_rq"), 1);
    });

    it("end a response without length by closing, which is no loss", async () => {
      scene.upstream.setScript((exchange) => {
        exchange.write("HTTP/1.1 200 OK\r\n\r\nall of it");
        exchange.end();
      });
      scene.configure();
      const request = await finished(scene.worker.request());
      assert.deepEqual([request.outcome, request.body], ["200", "all of it"]);
      await scene.connectionsGone();
      assert.equal(scene.worker.stat("upstream_cx_destroy_remote"), 1);
      assert.equal(scene.worker.stat("upstream_cx_destroy_with_active_rq"), 0);
    });

    it("stay usable if a stream is given up before anything was sent", async () => {
      scene.configure();
      const unsent = new PoolRequest(false);
      scene.worker.request(unsent);
      await unsent.ready;
      unsent.encoder!.stream.reset("local reset");
      const next = await finished(scene.worker.request());
      assert.equal(next.connection!.id, unsent.connection!.id);
      assert.equal(next.reused, false);
      assert.equal(scene.upstream.connections.length, 1);
    });

    it("reset their stream when the response breaks the protocol", async () => {
      scene.upstream.setScript((exchange) =>
        exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
      );
      scene.configure();
      assert.equal(await scene.worker.request().done, "protocol error");
      await scene.upstream.connections[0]!.whenClosed;
      assert.deepEqual(scene.worker.statsOf("upstream_cx_protocol_error", "upstream_cx_destroy_local_with_active_rq"), {
        upstream_cx_protocol_error: 1,
        upstream_cx_destroy_local_with_active_rq: 1,
      });
    });

    it("do not end a response without length by a connection reset", async () => {
      scene.upstream.setScript((exchange) => {
        exchange.write("HTTP/1.1 200 OK\r\n\r\npart");
      });
      scene.configure();
      const request = scene.worker.request();
      await scene.upstream.connected();
      while (request.body !== "part") await new Promise((resolve) => setImmediate(resolve));
      scene.upstream.connections[0]!.reset();
      assert.equal(await request.done, "connection termination");
      await scene.connectionsGone();
      assert.equal(scene.worker.stat("upstream_cx_destroy_remote_with_active_rq"), 1);
    });
  });
});
