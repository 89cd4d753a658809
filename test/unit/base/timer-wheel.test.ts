import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { systemClock } from "../../../src/base/clock.ts";
import { TimerWheel, type WheelTimer } from "../../../src/base/timer-wheel.ts";
import { blockThread } from "../../harness/block-thread.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { until } from "../../harness/until.ts";

interface WaitingTick {
  readonly delayMs: number;
  readonly run: () => void;
}

/** A wheel whose ticks wait for the test: `tick()` lets the next one come in its time and returns how long that was. */
function drivenByHand(t: TestContext): {
  readonly clock: FakeClock;
  readonly wheel: TimerWheel;
  readonly waiting: readonly WaitingTick[];
  readonly tick: () => number;
} {
  const clock = new FakeClock();
  const waiting: WaitingTick[] = [];
  t.mock.method(globalThis, "setTimeout", (run: () => void, delayMs: number) => {
    const waits = { delayMs, run, unref: () => waits };
    waiting.push(waits);
    return waits;
  });
  t.mock.method(globalThis, "clearTimeout", (waits: WaitingTick | undefined) => {
    if (waits !== undefined && waiting.includes(waits)) waiting.splice(waiting.indexOf(waits), 1);
  });
  const tick = (): number => {
    const { delayMs, run } = waiting.shift()!;
    clock.advance(delayMs);
    run();
    return delayMs;
  };
  return { clock, wheel: new TimerWheel(clock), waiting, tick };
}

describe("TimerWheel", () => {
  it("fires a timer once, not before its time and at most one slot after it", () => {
    const clock = new FakeClock();
    let fired = 0;
    const timer = clock.timers.timer(() => fired++);
    timer.arm(25);
    clock.advance(20);
    assert.equal(fired, 0);
    clock.advance(20);
    assert.equal(fired, 1);
    clock.advance(1000);
    assert.equal(fired, 1);
  });

  it("fires timers in the order of their deadlines", () => {
    const clock = new FakeClock();
    const order: string[] = [];
    clock.timers.timer(() => order.push("late")).arm(300);
    clock.timers.timer(() => order.push("early")).arm(100);
    clock.timers.timer(() => order.push("middle")).arm(200);
    clock.advance(400);
    assert.deepEqual(order, ["early", "middle", "late"]);
  });

  it("keeps timers that are more than one turn of the wheel away", () => {
    const clock = new FakeClock();
    let fired = 0;
    clock.timers.timer(() => fired++).arm(100_000);
    clock.advance(99_990);
    assert.equal(fired, 0);
    clock.advance(30);
    assert.equal(fired, 1);
  });

  it("moves a timer that is armed again, and forgets one that is disarmed", () => {
    const clock = new FakeClock();
    let fired = 0;
    const timer = clock.timers.timer(() => fired++);
    timer.arm(50);
    timer.arm(150);
    clock.advance(100);
    assert.equal(fired, 0);
    timer.disarm();
    timer.disarm();
    clock.advance(1000);
    assert.equal(fired, 0);
    assert.equal(clock.timers.armedCount, 0);
  });

  it("lets a callback arm and disarm other timers of the same slot", () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    const second = clock.timers.timer(() => fired.push("second"));
    const first = clock.timers.timer(() => {
      fired.push("first");
      second.disarm();
      first.arm(10);
    });
    // The one armed last is the first of its slot.
    second.arm(10);
    first.arm(10);
    clock.advance(10);
    assert.deepEqual(fired, ["first"]);
    assert.equal(clock.timers.armedCount, 1);
    clock.advance(10);
    assert.deepEqual(fired, ["first", "first"]);
  });

  it("has one ticker, however often its callbacks arm timers", (t) => {
    const { clock, wheel, waiting, tick } = drivenByHand(t);
    const timer = wheel.timer(() => timer.arm(50));
    timer.arm(50);
    for (let ticks = 0; ticks < 100; ticks++) {
      assert.equal(waiting.length, 1);
      tick();
    }
    assert.equal(wheel.armedCount, 1);
    timer.disarm();
    tick();
    assert.equal(waiting.length, 0);
    assert.ok(clock.nowMs() > 1000);
  });

  it("ticks slowly while nothing is armed anew, and in time for what is due", (t) => {
    const { clock, wheel, waiting, tick } = drivenByHand(t);
    const firedMs: number[] = [];
    const timer = (): WheelTimer => wheel.timer(() => firedMs.push(clock.nowMs()));
    timer().arm(250);
    // Shares a slot with the first, one turn of the wheel later.
    const far = timer();
    far.arm(250 + 40_960);
    const delays = [tick(), tick(), tick(), tick(), tick()];
    assert.deepEqual(delays, [10, 10, 100, 100, 30]);
    far.disarm();
    assert.deepEqual(firedMs, [250]);
    tick();
    assert.equal(waiting.length, 0);

    timer().arm(10_000);
    assert.deepEqual([tick(), waiting[0]?.delayMs], [10, 100]);
    clock.advance(30);
    timer().arm(20);
    const dueMs = clock.nowMs() + 20;
    assert.deepEqual([waiting.length, tick(), tick()], [1, 10, 10]);
    assert.deepEqual(firedMs, [250, dueMs]);
    wheel.stop();
    assert.equal(waiting.length, 0);
  });

  it("fires what became due while a callback took long", (t) => {
    const { clock, wheel, tick } = drivenByHand(t);
    let firedMs = 0;
    wheel.timer(() => clock.advance(100)).arm(10);
    const other = wheel.timer(() => {
      firedMs = clock.nowMs();
    });
    other.arm(30);
    tick();
    tick();
    assert.equal(firedMs, 120);
  });

  it("lets the thread read what has come before it fires late", async (t) => {
    const wheel = new TimerWheel(systemClock);
    const { port1, port2 } = new MessageChannel();
    t.after(() => {
      wheel.stop();
      port1.close();
    });
    const order: string[] = [];
    port2.on("message", () => order.push("answer"));
    // The port's first turn is behind it.
    port1.postMessage("hello");
    await until("the first message", () => order.length === 1);
    wheel.timer(() => order.push("timeout")).arm(30);
    port1.postMessage("answer");
    blockThread(100);
    await until("the timer fires", () => order.includes("timeout"));
    assert.deepEqual(order, ["answer", "answer", "timeout"]);
    assert.ok(wheel.takeLongestLatenessMs() >= 40);
  });

  it("drives itself while something is armed, and tells how long the thread was held up", async () => {
    const wheel = new TimerWheel(systemClock);
    let fired = false;
    wheel
      .timer(() => {
        fired = true;
      })
      .arm(30);
    blockThread(60);
    // The wheel does not keep the process alive, so the test does.
    await until("the timer fires", () => fired);
    assert.ok(wheel.takeLongestLatenessMs() >= 40);
    assert.equal(wheel.takeLongestLatenessMs(), 0);
    wheel.stop();
  });
});
