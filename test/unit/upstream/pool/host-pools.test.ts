import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../../src/lb/load-balancer-context.ts";
import type { ConnectionWishes } from "../../../../src/upstream/pool/connection-wishes.ts";
import { PoolRequest } from "./pool-fixture.ts";
import { finished, limits, PoolScene } from "./pool-scene.ts";

const PLAIN = { serverName: "", subjectAltName: "", addresses: null };

describe("The pools of a host", () => {
  let scene: PoolScene;

  beforeEach(async () => {
    scene = await PoolScene.start();
  });
  afterEach(() => scene.end());

  function request(key: string): PoolRequest {
    const request = new PoolRequest();
    const cluster = scene.worker.manager.get("one")!;
    const host = cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!;
    const wishes: ConnectionWishes | null = key === "" ? null : { key, ...PLAIN };
    request.pending = cluster.httpPool(host, "default", "", wishes).newStream(request, request);
    return request;
  }

  function poolCount(): number {
    return [...scene.worker.manager.pools(() => true)].filter((row) => row !== undefined).length;
  }

  it("count for max_connection_pools until they are empty", async () => {
    scene.configure(limits({ maxConnectionPools: 2, trackRemaining: true }));
    await Promise.all([request("").done, request("a").done]);
    scene.worker.manager.refreshGauges();
    const open = "circuit_breakers.default.cx_pool_open";
    const remaining = "circuit_breakers.default.remaining_cx_pools";
    assert.deepEqual(scene.worker.statsOf(open, remaining), { [open]: 1, [remaining]: 0 });
    for (const connection of scene.upstream.connections) connection.end();
    await scene.connectionsGone();
    scene.worker.manager.refreshGauges();
    assert.deepEqual(scene.worker.statsOf(open, remaining), { [open]: 0, [remaining]: 2 });
    assert.equal(poolCount(), 0);
  });

  it("make room for another one by closing one that has nothing to do", async () => {
    scene.configure(limits({ maxConnectionPools: 1 }));
    for (const key of ["", "a", "b", ""]) {
      assert.equal((await finished(request(key))).outcome, "200");
      assert.deepEqual([poolCount(), scene.worker.manager.connectionCount], [1, 1]);
    }
    assert.equal(scene.upstream.connections.length, 4);
    assert.equal(scene.worker.stat("upstream_cx_pool_overflow"), 0);
  });

  it("refuse a request that would need one more while all are in use", async () => {
    scene.configure(limits({ maxConnectionPools: 1 }));
    scene.upstream.setScript(undefined);
    const first = request("");
    assert.equal((await finished(request("a"))).outcome, "overflow");
    assert.equal(scene.worker.stat("upstream_cx_pool_overflow"), 1);
    assert.equal(scene.worker.stat("upstream_rq_pending_overflow"), 0);
    (await scene.upstream.nextRequest()).respond();
    assert.equal((await finished(first)).outcome, "200");
  });
});
