import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventClock } from "../../../src/base/event-clock.ts";
import { type Flushable, WriteFlusher } from "../../../src/net/write-flusher.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

class Recorder implements Flushable {
  flushes = 0;
  onFlush: () => void = () => {};
  flush(): void {
    this.flushes++;
    this.onFlush();
  }
}

describe("WriteFlusher", () => {
  it("flushes at the end of the outermost event", () => {
    const flusher = new WriteFlusher();
    const connection = new Recorder();
    flusher.enter();
    flusher.enter();
    flusher.schedule(connection);
    flusher.leave();
    assert.equal(connection.flushes, 0);
    flusher.leave();
    assert.equal(connection.flushes, 1);
    flusher.enter();
    flusher.leave();
    assert.equal(connection.flushes, 1);
  });

  it("also flushes what flushing made others write, in the same go", () => {
    const flusher = new WriteFlusher();
    const second = new Recorder();
    const first = new Recorder();
    first.onFlush = () => {
      // As a callback of the first does: an event of its own inside the flush.
      flusher.enter();
      flusher.schedule(second);
      flusher.leave();
    };
    flusher.enter();
    flusher.schedule(first);
    flusher.leave();
    assert.deepEqual([first.flushes, second.flushes], [1, 1]);
  });

  it("flushes on the next tick what is written outside any event", async () => {
    const flusher = new WriteFlusher();
    const connection = new Recorder();
    flusher.schedule(connection);
    assert.equal(connection.flushes, 0);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    assert.equal(connection.flushes, 1);
  });

  it("flushes at the end of the turn those that wait for it, however many events there are before", async () => {
    const flusher = new WriteFlusher();
    const connection = new Recorder();
    for (let i = 0; i < 3; i++) {
      flusher.enter();
      flusher.scheduleForTurn(connection);
      flusher.leave();
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    assert.equal(connection.flushes, 0);
    await new Promise<void>((resolve) => setImmediate(resolve));
    assert.ok(connection.flushes > 0);
    const flushes = connection.flushes;
    flusher.scheduleForTurn(connection);
    await new Promise<void>((resolve) => setImmediate(resolve));
    assert.equal(connection.flushes, flushes + 1);
  });

  it("lets time stand still during an event, and go on afterwards", () => {
    const real = new FakeClock();
    const clock = new EventClock(real);
    const flusher = new WriteFlusher(clock);
    flusher.enter();
    const atStart = clock.nowMs();
    real.advance(50);
    assert.equal(clock.nowMs(), atStart);
    assert.equal(clock.wallMs() - real.wallMs(), 0);
    flusher.leave();
    assert.equal(clock.nowMs(), atStart + 50);
  });
});
