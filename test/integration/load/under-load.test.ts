import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crashOneWorker } from "../../../bench/load/crash-one-worker.ts";
import { failures } from "../../../bench/load/failures.ts";
import { inspectUnderLoad } from "../../../bench/load/inspect-under-load.ts";
import { membershipUnderLoad } from "../../../bench/load/membership-under-load.ts";
import { reloadUnderLoad } from "../../../bench/load/reload-under-load.ts";
import { soak } from "../../../bench/load/soak.ts";
import { workerCountUnderLoad } from "../../../bench/load/worker-count-under-load.ts";

describe("The proxy under load", () => {
  it("reloads routes and endpoints without failing a request or closing a connection", async () => {
    const { broken, lines } = await reloadUnderLoad({ connections: 64, reloads: 200, workers: 2 });
    assert.deepEqual(broken, [], lines.join("\n"));
  });

  it("follows a file of endpoints without failing a request or touching connections to hosts that stay", async () => {
    const { broken, lines } = await membershipUnderLoad({ connections: 16, updates: 25, workers: 2 });
    assert.deepEqual(broken, [], lines.join("\n"));
  });

  it("changes its number of workers without failing a request or closing a connection unannounced", async () => {
    const { broken, lines } = await workerCountUnderLoad({ connections: 64, changes: 20, "pause-ms": 100 });
    assert.deepEqual(broken, [], lines.join("\n"));
  });

  it("hides from clients what becomes of one of three upstreams, and uses it again when it is well", async () => {
    const options = { connections: 64, workers: 2, seconds: 10, "fault-seconds": 2 };
    // Its checks and attempts go by the real clock: a machine that stands still for half a second breaks a promise once, not twice.
    let { broken, lines } = await failures(options);
    if (broken.length > 0) ({ broken, lines } = await failures(options));
    assert.deepEqual(broken, [], lines.join("\n"));
  });

  it("loses the connections of a worker that crashes and nothing else", async () => {
    const { broken, lines } = await crashOneWorker({ connections: 64, crashes: 1 });
    assert.deepEqual(broken, [], lines.join("\n"));
  });

  it("can be looked at without a worker standing still", async () => {
    const { broken, lines } = await inspectUnderLoad({ connections: 1000, clusters: 2000, rounds: 3 });
    assert.deepEqual(broken, [], lines.join("\n"));
  });

  it("keeps nothing of slow, broken and hostile clients", async () => {
    const { broken, lines } = await soak({ seconds: 10, good: 4, bad: 12, workers: 2, seed: 1 });
    assert.deepEqual(broken, [], lines.join("\n"));
  });
});
