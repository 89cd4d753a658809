import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Walks } from "../../../src/base/walks.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function* counting(to: number, onStep: () => void = () => {}): Generator<number> {
  for (let i = 1; i <= to; i++) {
    onStep();
    yield i;
  }
}

describe("Walks", () => {
  it("gives a long list in pieces of bounded length", () => {
    const walks = new Walks<number>(new FakeClock(), 5);
    const first = walks.begin(counting(5), 2);
    assert.deepEqual(first.items, [1, 2]);
    const second = walks.goOn(first.next!, 2);
    assert.deepEqual(second.items, [3, 4]);
    assert.deepEqual(walks.goOn(second.next!, 2), { items: [5], next: null });
    assert.equal(walks.openCount, 0);
  });

  it("ends a piece when its time is over, also where nothing is wanted", () => {
    const clock = new FakeClock();
    const walks = new Walks<number>(clock, 5);
    function* passingOver(): Generator<undefined> {
      for (let i = 0; i < 1000; i++) {
        clock.advance(1);
        yield undefined;
      }
    }
    const startMs = clock.nowMs();
    const { items, next } = walks.begin(passingOver(), 100);
    assert.deepEqual(items, []);
    assert.notEqual(next, null);
    assert.ok(clock.nowMs() - startMs <= 16, `${clock.nowMs() - startMs} ms`);
  });

  it("goes on through a set that changes meanwhile", () => {
    const set = new Set([1, 2, 3, 4]);
    const walks = new Walks<number>(new FakeClock(), 5);
    const { next } = walks.begin(set, 2);
    set.delete(3);
    set.add(5);
    assert.deepEqual(walks.goOn(next!, 10), { items: [4, 5], next: null });
  });

  it("gives up the walk that was left for longest, and says so to whoever comes back", () => {
    const walks = new Walks<number>(new FakeClock(), 5);
    const first = walks.begin(counting(5), 1);
    for (let i = 0; i < 16; i++) walks.begin(counting(5), 1);
    assert.equal(walks.openCount, 16);
    assert.throws(() => walks.goOn(first.next!, 1), /the listing was given up/);
  });
});
