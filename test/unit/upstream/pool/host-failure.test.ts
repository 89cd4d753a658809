import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../../src/lb/load-balancer-context.ts";
import { formatAddress } from "../../../../src/net/address.ts";
import type { ClusterData } from "../../../../src/upstream/cluster-data.ts";
import { HealthFlag } from "../../../../src/upstream/membership/health-flag.ts";
import type { TcpUpstream } from "../../../../src/upstream/pool/tcp-upstream.ts";
import { answering, FakeUpstream } from "../../../harness/fake-upstream.ts";
import { until } from "../../../harness/until.ts";
import { clusterData, endpointData } from "../cluster-fixture.ts";
import { WorkerFixture } from "./pool-fixture.ts";

/** A worker with one host whose health the test sets, as the main side does. */
class Scene {
  readonly upstream: FakeUpstream;
  readonly worker = new WorkerFixture();
  #version = 0;

  constructor(upstream: FakeUpstream, changes: Partial<ClusterData>) {
    this.upstream = upstream;
    this.worker.apply([clusterData([], { discovery: "dynamic", ...changes })]);
    this.setFlags(0);
  }

  static async start(t: TestContext, changes: Partial<ClusterData> = {}): Promise<Scene> {
    const scene = new Scene(await FakeUpstream.start(answering()), changes);
    t.after(async () => {
      scene.worker.close();
      await scene.upstream.close();
      const held = () => scene.worker.cells.counts("one").reduce((sum, count) => sum + count, 0);
      await until("the release of all connections", () => held() === 0);
      assert.equal(scene.worker.clock.timers.armedCount, 0);
    });
    return scene;
  }

  setFlags(healthFlags: number): void {
    const to = ++this.#version;
    const member = { endpoint: endpointData(this.upstream.port), healthFlags };
    const delta = { cluster: "one", from: to - 1, to, upserts: [member], removed: [] };
    assert.deepEqual(this.worker.manager.applyMembership([delta]), []);
  }

  /** Another host, of which nobody is at home, comes or goes. */
  setOther(present: boolean): void {
    const to = ++this.#version;
    const other = endpointData(1);
    const upserts = present ? [{ endpoint: other, healthFlags: HealthFlag.failedActiveHc }] : [];
    const removed = present ? [] : [formatAddress(other.address)];
    assert.deepEqual(this.worker.manager.applyMembership([{ cluster: "one", from: to - 1, to, upserts, removed }]), []);
  }

  get connectionCount(): number {
    return this.worker.manager.connectionCount;
  }

  /** A TCP connection through the pool; answers what becomes of it. */
  openTcp(): { readonly events: string[] } {
    const events: string[] = [];
    const cluster = this.worker.manager.get("one")!;
    cluster.tcpPool(cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT)!).newConnection({
      onTcpPoolReady: (upstream: TcpUpstream) => {
        events.push("ready");
        upstream.setCallbacks({
          onData: () => {},
          onEndOfStream: () => {},
          onClose: (event) => events.push(event),
          onAboveWriteBufferHighWatermark: () => {},
          onBelowWriteBufferLowWatermark: () => {},
        });
      },
      onTcpPoolFailure: (reason) => events.push(reason),
    });
    return { events };
  }
}

describe("A host that fails its checks", () => {
  it("loses its idle connections and gets new ones when it is used again", async (t) => {
    const scene = await Scene.start(t);
    assert.equal(await scene.worker.request().done, "200");
    assert.equal(scene.connectionCount, 1);
    scene.setFlags(HealthFlag.failedActiveHc);
    assert.equal(scene.connectionCount, 0);
    await until("the end of the connection", () => scene.upstream.openConnections === 0);
    scene.setFlags(0);
    assert.equal(await scene.worker.request().done, "200");
    assert.equal(scene.upstream.connections.length, 2);
    scene.setFlags(0);
    assert.equal(scene.connectionCount, 1);
  });

  it("finishes what it is at", async (t) => {
    const scene = await Scene.start(t);
    scene.upstream.setScript(undefined);
    const request = scene.worker.request();
    const exchange = await scene.upstream.nextRequest();
    scene.setFlags(HealthFlag.failedOutlierCheck);
    scene.setFlags(HealthFlag.failedOutlierCheck | HealthFlag.failedActiveHc);
    assert.equal(scene.connectionCount, 1);
    exchange.respond();
    assert.equal(await request.done, "200");
    await until("the end of the connection", () => scene.connectionCount === 0);
  });

  it("keeps TCP connections, unless close_connections_on_host_health_failure is set", async (t) => {
    for (const close of [false, true]) {
      const scene = await Scene.start(t, { closeConnectionsOnHealthFailure: close });
      const { events } = scene.openTcp();
      await until("the connection", () => events.length === 1);
      scene.setFlags(HealthFlag.failedActiveHc);
      if (close) await until("the end of the connection", () => events.length === 2 && scene.connectionCount === 0);
      assert.deepEqual(events, close ? ["ready", "localClose"] : ["ready"]);
      assert.equal(scene.connectionCount, close ? 0 : 1);
    }
  });
});

describe("A host that stays while others come and go", () => {
  it("keeps its connections", async (t) => {
    const scene = await Scene.start(t);
    assert.equal(await scene.worker.request().done, "200");
    scene.setOther(true);
    scene.setOther(false);
    assert.equal(scene.connectionCount, 1);
  });

  it("loses them with close_connections_on_host_set_change, when another comes and when one goes, but not for less", async (t) => {
    const scene = await Scene.start(t, { closeConnectionsOnHostSetChange: true });
    for (const change of [() => scene.setOther(true), () => scene.setOther(false)]) {
      assert.equal(await scene.worker.request().done, "200");
      assert.equal(scene.connectionCount, 1);
      scene.setFlags(HealthFlag.degradedActiveHc);
      assert.equal(scene.connectionCount, 1, "a host has only changed");
      change();
      assert.equal(scene.connectionCount, 0);
    }
    assert.equal(scene.upstream.connections.length, 2);
  });

  it("finishes what it is at", async (t) => {
    const scene = await Scene.start(t, { closeConnectionsOnHostSetChange: true });
    scene.upstream.setScript(undefined);
    const request = scene.worker.request();
    const exchange = await scene.upstream.nextRequest();
    scene.setOther(true);
    assert.equal(scene.connectionCount, 1);
    exchange.respond();
    assert.equal(await request.done, "200");
    await until("the end of the connection", () => scene.connectionCount === 0);
  });
});
