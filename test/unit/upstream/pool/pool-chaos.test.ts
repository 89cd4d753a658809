import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeUpstream } from "../../../harness/fake-upstream.ts";
import { until } from "../../../harness/until.ts";
import type { UpstreamExchange } from "../../../harness/upstream-exchange.ts";
import { SeededRandom } from "../../lb/lb-fixture.ts";
import { clusterData, DEFAULT_THRESHOLDS, endpointData } from "../cluster-fixture.ts";
import { PoolRequest, WorkerFixture } from "./pool-fixture.ts";

/** Ways in which an upstream answers or fails, good ones more often. */
const ANSWERS: readonly ((exchange: UpstreamExchange) => void)[] = [
  (exchange) => exchange.respond({ body: "fine" }),
  (exchange) => exchange.respond({ body: "fine" }),
  (exchange) => exchange.respond({ body: "x".repeat(100_000) }),
  (exchange) => exchange.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n"),
  (exchange) => exchange.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nfine"),
  (exchange) =>
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfineHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad"),
  (exchange) => exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 4, 5\r\n\r\nbad!"),
  (exchange) => exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart"),
  (exchange) => exchange.end(),
  (exchange) => exchange.reset(),
  (exchange) => {
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart");
    exchange.reset();
  },
  (exchange) => {
    exchange.respond({ body: "fine" });
    exchange.end();
  },
];

const TURN = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Pools in trouble", () => {
  it("lose no request, no connection and no count, whatever upstreams and clients do", async (test) => {
    const random = new SeededRandom(20_261_121);
    const draw = (count: number): number => random.uint32() % count;
    const upstreams = await Promise.all(
      [1, 2, 3].map(() => FakeUpstream.start((e) => ANSWERS[draw(ANSWERS.length)]!(e))),
    );
    const worker = new WorkerFixture();
    test.after(async () => {
      worker.close();
      await Promise.all(upstreams.map((upstream) => upstream.close()));
    });
    const limits = { ...DEFAULT_THRESHOLDS, maxConnections: 20, maxPendingRequests: 30, maxRequests: 25 };
    const configure = (): void => {
      // Now and then a host goes, comes back, or is one that refuses.
      const endpoints = upstreams
        .filter(() => draw(4) > 0)
        .map(({ port }) => endpointData(port, { weight: 1 + draw(3) }));
      if (endpoints.length === 0 || draw(3) === 0) endpoints.push(endpointData(1));
      worker.apply([
        clusterData(endpoints, {
          circuitBreakers: { default: limits, high: limits },
          maxRequestsPerConnection: draw(2) * 5,
        }),
      ]);
    };
    const requests: PoolRequest[] = [];
    const cancelled = new Set<PoolRequest>();
    for (let step = 0; step < 3000; step++) {
      if (step % 50 === 0) configure();
      const request = worker.request(new PoolRequest(), draw(5) === 0 ? "high" : "default");
      requests.push(request);
      const victim = requests[draw(requests.length)]!;
      if (draw(6) === 0 && victim.outcome === "") {
        if (victim.encoder !== null) victim.encoder.stream.reset("local reset");
        else {
          cancelled.add(victim);
          victim.pending!.cancel();
        }
      }
      if (draw(3) > 0) await TURN();
    }
    const unanswered = (): PoolRequest[] => requests.filter((each) => each.outcome === "" && !cancelled.has(each));
    let turns = 0;
    await until("an end of all requests", () => {
      // Answers cut short leave their stream waiting: clients give up.
      if (++turns % 20 === 0) for (const request of unanswered()) request.encoder?.stream.reset("local reset");
      return unanswered().length === 0;
    });

    for (const request of requests) {
      assert.ok(!request.body.includes("bad"), "bytes that belong to no request reached one");
      if (request.outcome === "200") assert.ok(request.body === "fine" || request.body.length === 100_000);
    }
    assert.ok(requests.filter(({ outcome }) => outcome === "200").length > 100);
    assert.deepEqual(worker.statsOf("upstream_rq_active", "upstream_rq_pending_active"), {
      upstream_rq_active: 0,
      upstream_rq_pending_active: 0,
    });
    worker.close();
    assert.equal(worker.stat("upstream_cx_active"), 0);
    assert.equal(worker.stat("upstream_cx_destroy"), worker.stat("upstream_cx_total"));
    assert.equal(worker.stats.samples("cluster.one.upstream_cx_length_ms").length, worker.stat("upstream_cx_total"));
    assert.equal(worker.manager.connectionCount, 0);
    assert.equal(worker.clock.timers.armedCount, 0);
    assert.deepEqual(worker.cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
