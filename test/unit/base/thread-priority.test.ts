import assert from "node:assert/strict";
import { once } from "node:events";
import { getPriority } from "node:os";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";

const MODULE = new URL("../../../src/base/thread-priority.ts", import.meta.url).href;

const LINUX = { skip: process.platform !== "linux" };

describe("A thread with background work", () => {
  for (const [work, expected] of [
    ["background", 5],
    ["onlooker", 10],
  ] as const) {
    it(`has priority ${expected} for ${work} work, and no other thread has`, LINUX, async () => {
      const before = getPriority(0);
      const code = `
        import { getPriority } from "node:os";
        import { parentPort } from "node:worker_threads";
        import { lowerThreadPriority } from ${JSON.stringify(MODULE)};
        lowerThreadPriority("${work}");
        parentPort.postMessage(getPriority(0));`;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
      const [priority] = await once(worker, "message");
      await worker.terminate();
      assert.equal(priority, expected);
      assert.equal(getPriority(0), before);
    });
  }
});
