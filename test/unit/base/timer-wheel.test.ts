import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { TimerWheel } from "../../../src/base/timer-wheel.ts";
import { blockThread } from "../../harness/block-thread.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { until } from "../../harness/until.ts";

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
