import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SystemRandom } from "../../../src/base/random.ts";

describe("SystemRandom", () => {
  it("makes version 4 UUIDs in lower case, each another", () => {
    const random = new SystemRandom();
    const seen = new Set<string>();
    for (let i = 0; i < 1000; i++) {
      const uuid = random.uuid();
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      seen.add(uuid);
    }
    assert.equal(seen.size, 1000);
  });

  it("makes integers over the whole of 32 bits and fractions below 1", () => {
    const random = new SystemRandom();
    let highest = 0;
    for (let i = 0; i < 5000; i++) {
      const value = random.uint32();
      assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
      highest = Math.max(highest, value);
      const fraction = random.fraction();
      assert.ok(fraction >= 0 && fraction < 1);
    }
    assert.ok(highest > 2 ** 31);
  });
});
