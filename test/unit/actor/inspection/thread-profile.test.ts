import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { ThreadProfiler } from "../../../../src/actor/inspection/thread-profile.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { TimerWheel } from "../../../../src/base/timer-wheel.ts";
import { untilAsked } from "../../../harness/until.ts";

/** A thread that does what it is told: spin, block, or answer. */
const SCRIPT = `
const { parentPort } = require("node:worker_threads");
const stop = new Int32Array(new SharedArrayBuffer(4));
const begun = () => parentPort.postMessage("begun");
function spinning(stop) { begun(); while (Atomics.load(stop, 0) === 0) Math.sqrt(2); }
function blocked(stop) { begun(); Atomics.wait(stop, 0, 0, 60000); }
const work = { spin: spinning, block: blocked, answer: begun };
parentPort.on("message", ({ what, stop }) => work[what](stop));
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
      // A thread that does not stand still in time, as on a machine that is held up, is shown without frames.
      await untilAsked("the stack", async () => {
        const { frames } = await profiler.stack("stuck");
        if (frames.length === 0) return false;
        assert.ok(
          frames.some((each) => each.function === frame),
          JSON.stringify(frames),
        );
        assert.ok(frames.every(({ line, column }) => line > 0 && column > 0));
        return true;
      });
      end();
      await alive();
    });
  }

  it("shows no frames of an idle thread, which stays usable", async () => {
    await alive();
    // It may be in the middle of its answer still.
    await untilAsked("no frames", async () => (await profiler.stack("stuck")).frames.length === 0);
    await alive();
  });

  it("takes a CPU profile of a thread that is stuck", async () => {
    const end = await busy("spin");
    // On a machine that does other things for so long, a profile may hold no sample of the thread.
    await untilAsked("samples of the thread", async () => {
      const { nodes, samples } = JSON.parse(await profiler.cpuProfile("stuck", 50)) as CpuProfile;
      const isSeen = nodes.some(({ callFrame, hitCount }) => callFrame.url === "[worker eval]" && hitCount > 0);
      return isSeen && samples.length > 0;
    });
    end();
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
