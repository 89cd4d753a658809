import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { ThreadProfiler } from "../../../../src/actor/inspection/thread-profile.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { TimerWheel } from "../../../../src/base/timer-wheel.ts";

/** A thread that does what it is told: spin, block, or answer. */
const SCRIPT = `
const { parentPort } = require("node:worker_threads");
const stop = new Int32Array(new SharedArrayBuffer(4));
function spinning(stop) { while (Atomics.load(stop, 0) === 0) Math.sqrt(2); }
function blocked(stop) { Atomics.wait(stop, 0, 0, 20000); }
parentPort.on("message", ({ what, stop }) => {
  parentPort.postMessage("begun");
  if (what === "spin") spinning(stop);
  if (what === "block") blocked(stop);
});
`;

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { readonly url: string }; readonly hitCount: number }[];
  readonly samples: readonly number[];
}

describe("ThreadProfiler", () => {
  let worker: Worker;
  const profiler = new ThreadProfiler(new TimerWheel(systemClock), "main");
  before(() => {
    worker = new Worker(SCRIPT, { eval: true, name: "stuck" });
  });
  after(() => worker.terminate());

  /** Makes the thread do something that ends with the returned function. */
  async function busy(what: string): Promise<() => void> {
    const stop = new Int32Array(new SharedArrayBuffer(4));
    worker.postMessage({ what, stop });
    await once(worker, "message");
    return () => {
      Atomics.store(stop, 0, 1);
      Atomics.notify(stop, 0);
    };
  }

  /** The thread still handles messages. */
  const alive = async (): Promise<void> => void (await busy("answer"));

  const cases = [
    { what: "spin", frame: "spinning", name: "a thread that spins" },
    { what: "block", frame: "blocked", name: "a thread that blocks" },
  ];
  for (const { what, frame, name } of cases) {
    it(`shows the stack of ${name}, which goes on afterwards`, async () => {
      const end = await busy(what);
      const { frames } = await profiler.stack("stuck");
      assert.ok(
        frames.some((each) => each.function === frame),
        JSON.stringify(frames),
      );
      assert.ok(frames.every(({ line, column }) => line > 0 && column > 0));
      end();
      await alive();
    });
  }

  it("shows no frames of an idle thread, which stays usable", async () => {
    await alive();
    assert.deepEqual((await profiler.stack("stuck")).frames, []);
    await alive();
  });

  it("takes a CPU profile of a thread that is stuck", async () => {
    const end = await busy("spin");
    const profile = JSON.parse(await profiler.cpuProfile("stuck", 50)) as CpuProfile;
    end();
    assert.ok(profile.nodes.some(({ callFrame, hitCount }) => callFrame.url === "[worker eval]" && hitCount > 0));
    assert.ok(profile.samples.length > 0);
    await alive();
  });

  it("takes profiles of its own thread", async () => {
    const cpu = JSON.parse(await profiler.cpuProfile("main", 20)) as CpuProfile;
    assert.ok(cpu.nodes.length > 0);
    const heap = JSON.parse(await profiler.heapProfile("main", 20)) as { readonly head: object };
    assert.ok("callFrame" in heap.head);
  });

  it("does one thing at a time", async () => {
    const first = profiler.cpuProfile("main", 100);
    await assert.rejects(profiler.stack("stuck"), /^Error: a CPU profile of main is being taken; try again/);
    await first;
    assert.equal(profiler.busyWith, undefined);
  });

  it("knows no thread that isn't there", async () => {
    await assert.rejects(profiler.stack("nobody"), /^Error: there is no thread nobody/);
    assert.equal(profiler.busyWith, undefined);
  });
});
