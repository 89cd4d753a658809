import assert from "node:assert/strict";
import { once } from "node:events";
import { getPriority } from "node:os";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";

const MODULE = new URL("../../../src/base/thread-priority.ts", import.meta.url).href;

describe("A thread with background work", () => {
  it("has a lower priority, and no other thread has", { skip: process.platform !== "linux" }, async () => {
    const before = getPriority(0);
    const code = `
      import { getPriority } from "node:os";
      import { parentPort } from "node:worker_threads";
      import { lowerThreadPriority } from ${JSON.stringify(MODULE)};
      lowerThreadPriority();
      parentPort.postMessage(getPriority(0));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    const [priority] = await once(worker, "message");
    await worker.terminate();
    assert.equal(priority, 5);
    assert.equal(getPriority(0), before);
  });
});
