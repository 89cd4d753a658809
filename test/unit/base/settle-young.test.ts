import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { getHeapSpaceStatistics } from "node:v8";
import { settleYoung } from "../../../src/base/settle-young.ts";

const MEBI = 1024 * 1024;

describe("settleYoung", () => {
  it("moves what is kept out of the space of young objects", () => {
    const kept: object[] = [];
    while (youngBytes() < 5 * MEBI) for (let i = 0; i < 1000; i++) kept.push({ index: i, list: [i] });

    settleYoung();

    assert.ok(youngBytes() < MEBI, `${youngBytes()} bytes are left`);
    assert.equal(kept.length % 1000, 0);
  });

  it("leaves no function to collect garbage behind", () => {
    settleYoung();

    assert.equal("gc" in globalThis, false);
  });
});

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")!.space_used_size;
}
