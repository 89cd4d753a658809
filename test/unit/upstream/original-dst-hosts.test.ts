import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type LoadBalancerContext, PLAIN_LOAD_BALANCER_CONTEXT } from "../../../src/lb/load-balancer-context.ts";
import type { Host } from "../../../src/upstream/host.ts";
import { answering, FakeUpstream } from "../../harness/fake-upstream.ts";
import { clusterData } from "./cluster-fixture.ts";
import { PoolRequest, WorkerFixture } from "./pool/pool-fixture.ts";

const ORIGINAL_DST = { header: "x-to", portOverride: null, cleanupIntervalMs: 5000 };

function to(address: string): LoadBalancerContext {
  return { ...PLAIN_LOAD_BALANCER_CONTEXT, downstreamHeader: (name) => (name === "x-to" ? address : undefined) };
}

describe("The hosts of an ORIGINAL_DST cluster", () => {
  let upstream: FakeUpstream;
  let worker: WorkerFixture;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(answering("found"));
    worker = new WorkerFixture();
    worker.apply([clusterData([], { originalDst: ORIGINAL_DST })]);
  });

  afterEach(async () => {
    worker.close();
    await upstream.close();
    assert.equal(worker.clock.timers.armedCount, 0);
  });

  function choose(address: string): Host | null {
    return worker.manager.get("one")!.chooseHost(to(address));
  }

  async function send(address: string): Promise<PoolRequest> {
    const host = choose(address)!;
    const request = new PoolRequest();
    worker.manager.get("one")!.httpPool(host, "default", "").newStream(request, request);
    await request.done;
    return request;
  }

  it("are those that requests name, and stay the same", async () => {
    const first = await send(upstream.address);
    const second = await send(upstream.address);
    assert.deepEqual([first.outcome, first.body, second.host], ["200", "found", first.host]);
    assert.equal(second.reused, true);
    assert.equal(worker.stat("membership_total"), 1);
  });

  it("are none for a request that names nothing, or no address, which is counted", () => {
    const cluster = worker.manager.get("one")!;
    assert.equal(cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT), null);
    assert.equal(worker.stat("original_dst_host_invalid"), 0);
    assert.equal(choose("app.test:80"), null);
    assert.equal(choose("127.0.0.1"), null);
    assert.equal(worker.stat("original_dst_host_invalid"), 2);
    assert.equal(worker.stat("upstream_cx_none_healthy"), 3);
  });

  it("have another port if the cluster says so", () => {
    worker.apply([clusterData([], { originalDst: { ...ORIGINAL_DST, portOverride: 81 } })]);
    assert.equal(choose("127.0.0.1:80")!.addressText, "127.0.0.1:81");
  });

  it("go when nobody has named them for a whole interval", () => {
    const host = choose("127.0.0.1:80");
    worker.clock.advance(5000);
    assert.equal(choose("127.0.0.1:80"), host);
    worker.clock.advance(5000);
    assert.equal(worker.stat("membership_total"), 1);
    worker.clock.advance(5000);
    assert.equal(worker.stat("membership_total"), 0);
    assert.equal(worker.clock.timers.armedCount, 0);
    assert.notEqual(choose("127.0.0.1:80"), host);
  });

  it("stay while they have connections", async () => {
    const { host } = await send(upstream.address);
    worker.clock.advance(20_000);
    assert.equal(choose(upstream.address), host);
    assert.equal(upstream.openConnections, 1);
  });

  it("stay when other settings of the cluster change", async () => {
    const { host } = await send(upstream.address);
    worker.apply([clusterData([], { originalDst: ORIGINAL_DST, connectTimeoutMs: 77 })]);
    assert.equal((await send(upstream.address)).host, host);
    assert.equal(upstream.connections.length, 1);
  });

  it("are never more than 10,000", () => {
    for (let i = 0; i < 10_000; i++) assert.notEqual(choose(`10.0.${i >> 8}.${i & 255}:80`), null);
    assert.equal(choose("10.1.0.0:80"), null);
    assert.notEqual(choose("10.0.0.0:80"), null);
    assert.equal(worker.stat("membership_total"), 10_000);
  });
});
