import assert from "node:assert/strict";
import type { ClusterData, ThresholdsData } from "../../../../src/upstream/cluster-data.ts";
import { answering, FakeUpstream } from "../../../harness/fake-upstream.ts";
import { clusterData, DEFAULT_THRESHOLDS, endpointData } from "../cluster-fixture.ts";
import { type PoolRequest, WorkerFixture } from "./pool-fixture.ts";

/** One worker and one upstream on loopback that answers "hello" unless it is told otherwise. */
export class PoolScene {
  readonly upstream: FakeUpstream;
  readonly worker = new WorkerFixture();

  private constructor(upstream: FakeUpstream) {
    this.upstream = upstream;
  }

  static async start(): Promise<PoolScene> {
    return new PoolScene(await FakeUpstream.start(answering("hello")));
  }

  /** Closes everything and checks that nothing is left: no timer, no gauge, nothing held of a breaker. */
  async end(): Promise<void> {
    const { upstream, worker } = this;
    worker.close();
    await upstream.close();
    assert.equal(worker.clock.timers.armedCount, 0, "no timer outlives the pool");
    assert.deepEqual(worker.statsOf("upstream_cx_active", "upstream_rq_active", "upstream_rq_pending_active"), {
      upstream_cx_active: 0,
      upstream_rq_active: 0,
      upstream_rq_pending_active: 0,
    });
    assert.deepEqual(worker.cells.counts("one"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  }

  /** Makes cluster `one` with the upstream as its only host. */
  configure(changes: Partial<ClusterData> = {}): void {
    this.worker.apply([clusterData([endpointData(this.upstream.port)], changes)]);
  }

  /** Resolves when the worker has noticed that its connections to the upstream are over. */
  async connectionsGone(): Promise<void> {
    while (this.worker.stat("upstream_cx_active") > 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Thresholds of the default priority. */
export function limits(changes: Partial<ThresholdsData>): Partial<ClusterData> {
  return { circuitBreakers: { default: { ...DEFAULT_THRESHOLDS, ...changes }, high: DEFAULT_THRESHOLDS } };
}

/** The request, once its outcome is there. */
export async function finished(request: PoolRequest): Promise<PoolRequest> {
  await request.done;
  return request;
}
