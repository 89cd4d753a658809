import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CpuUsed, ThreadProbe } from "../../../../src/actor/inspection/thread-probe.ts";
import { ThreadVitalsWatch } from "../../../../src/actor/inspection/thread-vitals.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";

/** A thread whose numbers a test sets; while `stuck` it tells nothing. */
class FakeThread implements ThreadProbe {
  loop = { idle: 0, active: 0, utilization: 0 };
  used: CpuUsed = { user: 0, system: 0 };
  stuck = false;
  questions = 0;

  eventLoop() {
    return this.loop;
  }
  cpu(): Promise<CpuUsed> {
    this.questions++;
    return this.stuck ? new Promise(() => {}) : Promise.resolve(this.used);
  }
  heapSnapshot(): Promise<never> {
    return Promise.reject(new Error("not here"));
  }
  heap() {
    return Promise.resolve({ usedBytes: 1, totalBytes: 2, limitBytes: 3, externalBytes: 4 });
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe("ThreadVitalsWatch", () => {
  const setUp = () => {
    const clock = new FakeClock();
    const thread = new FakeThread();
    const watch = new ThreadVitalsWatch(clock.timers);
    const look = () => watch.look([{ thread: "worker-1", probe: thread }], 250);
    return { clock, thread, look };
  };

  it("shows shares of the time since the look before", async () => {
    const { clock, thread, look } = setUp();
    thread.loop = { idle: 900, active: 100, utilization: 0.1 };
    const [first] = await look();
    assert.deepEqual([first?.eventLoopUtilization, first?.cpuShare, first?.answering], [0.1, undefined, true]);
    clock.advance(1000);
    thread.loop = { idle: 1100, active: 900, utilization: 0.45 };
    thread.used = { user: 400_000, system: 100_000 };
    const [second] = await look();
    assert.equal(second?.eventLoopUtilization, 0.8);
    assert.equal(second.cpuShare, 0.5);
    assert.equal(second.overMs, 1000);
    assert.deepEqual(second.heap, { usedBytes: 1, totalBytes: 2, limitBytes: 3, externalBytes: 4 });
  });

  it("gives two who look at the same time the same answer", async () => {
    const { clock, thread, look } = setUp();
    const [first] = await look();
    clock.advance(100);
    assert.equal((await look())[0], first);
    assert.equal(thread.questions, 1);
  });

  it("shows the last known numbers of a thread that is stuck, and asks it only once", async () => {
    const { clock, thread, look } = setUp();
    await look();
    thread.stuck = true;
    for (let i = 0; i < 3; i++) {
      clock.advance(1000);
      const looking = look();
      await settle();
      clock.advance(260);
      const [vitals] = await looking;
      assert.equal(vitals?.answering, false);
      assert.ok(vitals.ageMs > 1000);
      assert.equal(vitals.heap?.usedBytes, 1);
    }
    assert.equal(thread.questions, 2);
  });
});
