import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { getHeapSpaceStatistics } from "node:v8";
import { runInNewContext } from "node:vm";
import { settleYoung } from "../../../src/base/settle-young.ts";

const MEBI = 1024 * 1024;

describe("settleYoung", () => {
  it("moves what is kept out of the space of young objects", () => {
    const kept = fillYoung();

    settleYoung();

    assert.ok(youngBytes() < MEBI, `${youngBytes()} bytes are left`);
    assert.equal(kept.length % 1000, 0);
  });

  it("leaves no function to collect garbage behind", () => {
    const kept = fillYoung();

    settleYoung();

    assert.equal("gc" in globalThis, false);
    assert.equal(runInNewContext("typeof gc"), "undefined");
    assert.equal(kept.length % 1000, 0);
  });
});

/** Objects that are kept as long as the answer is. */
function fillYoung(): object[] {
  const kept: object[] = [];
  while (youngBytes() < 5 * MEBI) for (let i = 0; i < 1000; i++) kept.push({ index: i, list: [i] });
  return kept;
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")!.space_used_size;
}
