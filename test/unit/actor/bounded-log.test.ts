import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BoundedLog } from "../../../src/actor/bounded-log.ts";

describe("BoundedLog", () => {
  it("keeps the last entries, oldest first", () => {
    const log = new BoundedLog<number>(3);
    for (let i = 1; i <= 7; i++) log.add(i);
    assert.deepEqual(log.toArray(), [5, 6, 7]);
    assert.equal(log.last(), 7);
    assert.equal(log.length, 3);
  });

  it("keeps nothing with a capacity of zero", () => {
    const log = new BoundedLog<number>(0);
    log.add(1);
    assert.deepEqual(log.toArray(), []);
    assert.equal(log.last(), undefined);
  });
});
