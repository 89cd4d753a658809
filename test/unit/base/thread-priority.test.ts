import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

const MODULE = new URL("../../../src/base/thread-priority.ts", import.meta.url).href;

const LINUX = { skip: process.platform !== "linux" };

describe("A thread with background work", () => {
  for (const [work, expected] of [
    ["background", 5],
    ["onlooker", 10],
  ] as const) {
    it(`gives way by ${expected} for ${work} work, and no other thread does`, LINUX, async () => {
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
      assert.equal(priority, Math.min(before + expected, 19));
      assert.equal(getPriority(0), before);
    });
  }
});

describe("The engine's helper threads", () => {
  it("have a lower priority once they were told to, and no other thread has", LINUX, async () => {
    const code = `
      import { readdirSync, readFileSync } from "node:fs";
      import { getPriority } from "node:os";
      import { lowerHelperPriority } from ${JSON.stringify(MODULE)};
      lowerHelperPriority();
      const tasks = readdirSync("/proc/self/task").map((id) => [
        readFileSync("/proc/self/task/" + id + "/comm", "utf8").trim() === "node-V8Worker",
        getPriority(Number(id)) - getPriority(0),
      ]);
      console.log(JSON.stringify(tasks));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code]);
    const tasks: [boolean, number][] = JSON.parse(stdout);
    assert.ok(tasks.some(([isHelper]) => isHelper));
    const expected = Math.min(10, 19 - getPriority(0));
    for (const [isHelper, lower] of tasks) assert.equal(lower, isHelper ? expected : 0);
  });
});
