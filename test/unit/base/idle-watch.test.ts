import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { IdleWatch, type IdleWatched } from "../../../src/base/idle-watch.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

class Thing implements IdleWatched {
  lastActivityMs: number;
  idleTimeoutMs: number;
  idleCalls = 0;
  constructor(nowMs: number, idleTimeoutMs: number) {
    this.lastActivityMs = nowMs;
    this.idleTimeoutMs = idleTimeoutMs;
  }
  onIdle(): void {
    this.idleCalls++;
  }
}

describe("IdleWatch", () => {
  it("tells once, when the timeout has passed since the last activity", () => {
    const clock = new FakeClock();
    const watch = new IdleWatch(clock.timers);
    const thing = new Thing(0, 100);
    watch.watch(thing);
    clock.advance(60);
    thing.lastActivityMs = clock.nowMs();
    clock.advance(90);
    assert.equal(thing.idleCalls, 0);
    clock.advance(20);
    assert.equal(thing.idleCalls, 1);
    clock.advance(1000);
    assert.equal(thing.idleCalls, 1);
  });

  it("leaves alone what it no longer watches", () => {
    const clock = new FakeClock();
    const watch = new IdleWatch(clock.timers);
    const thing = new Thing(0, 100);
    watch.watch(thing);
    watch.unwatch(thing);
    clock.advance(1000);
    assert.equal(thing.idleCalls, 0);
  });

  it("goes on with its armed timer when something else is watched", () => {
    const clock = new FakeClock();
    const watch = new IdleWatch(clock.timers);
    watch.watch(new Thing(0, 100));
    clock.advance(50);
    const second = new Thing(clock.nowMs(), 100);
    watch.watch(second);
    clock.advance(90);
    assert.equal(second.idleCalls, 0);
    clock.advance(20);
    assert.equal(second.idleCalls, 1);
  });

  it("looks earlier for what may be idle less long", () => {
    const clock = new FakeClock();
    const watch = new IdleWatch(clock.timers);
    const patient = new Thing(0, 10_000);
    watch.watch(patient);
    const impatient = new Thing(0, 50);
    watch.watch(impatient);
    clock.advance(70);
    assert.equal(impatient.idleCalls, 1);
    assert.equal(patient.idleCalls, 0);
  });

  it("never tells of what may be idle for ever, and holds no timer after it was stopped", () => {
    const clock = new FakeClock();
    const watch = new IdleWatch(clock.timers);
    const thing = new Thing(0, 0);
    watch.watch(thing);
    clock.advance(100_000);
    assert.equal(thing.idleCalls, 0);
    watch.watch(new Thing(clock.nowMs(), 100));
    assert.equal(clock.timers.armedCount, 1);
    watch.stop();
    assert.equal(clock.timers.armedCount, 0);
  });
});
