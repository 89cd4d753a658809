import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ClusterInfo } from "../../../src/upstream/cluster-info.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";
import { until } from "../../harness/until.ts";
import { clusterData, endpointData } from "./cluster-fixture.ts";
import { WorkerFixture } from "./pool/pool-fixture.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Stats that write down which scopes were released. */
class ReleaseRecorder extends RecordingStats {
  readonly released: string[];
  readonly #name: string;

  constructor(released: string[], name = "") {
    super(name);
    this.released = released;
    this.#name = name;
  }

  override scope(prefix: string): ReleaseRecorder {
    return new ReleaseRecorder(this.released, this.#name === "" ? prefix : `${this.#name}.${prefix}`);
  }

  override release(): void {
    this.released.push(this.#name);
  }
}

async function collect(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("The stats of a removed cluster", () => {
  it("are released with all scopes below them, but not while a stream may count on them", async () => {
    const stats = new ReleaseRecorder([]);
    const worker = new WorkerFixture({ stats });
    worker.apply([clusterData([endpointData(1)])]);
    const held: { info: ClusterInfo | null } = { info: worker.manager.get("one")!.info };
    held.info!.stats.responses.chargeResponse(200, { internal: true, canary: false });
    worker.apply([], ["one"]);
    await collect();
    assert.deepEqual(stats.released, []);
    held.info!.stats.rq.timeout.inc();
    held.info = null;
    await until("the release", () => {
      collectGarbage();
      return stats.released.length >= 4;
    });
    assert.deepEqual(stats.released.toSorted(), [
      "cluster.one",
      "cluster.one.circuit_breakers.default",
      "cluster.one.circuit_breakers.high",
      "cluster.one.internal",
    ]);
  });
});
