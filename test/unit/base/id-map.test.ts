import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { IdMap } from "../../../src/base/id-map.ts";
import { SeededRandom } from "../../harness/seeded-random.ts";

describe("IdMap", () => {
  it("does as Map does, whatever comes and goes", () => {
    for (const seed of [1, 2, 3]) {
      const random = new SeededRandom(seed);
      const map = new IdMap<string>();
      const model = new Map<number, string>();
      for (let i = 0; i < 20_000; i++) {
        // Ids near each other, and some that are far apart and fall onto the same places.
        const id = random.below(60) * 2 + 1 + (random.oneIn(3) ? 4096 * random.below(5) : 0);
        if (random.oneIn(2)) {
          map.set(id, `${i}`);
          model.set(id, `${i}`);
        } else {
          assert.equal(map.delete(id), model.delete(id));
        }
        assert.equal(map.get(id), model.get(id));
        assert.equal(map.size, model.size);
      }
      assert.deepEqual(map.values().sort(), [...model.values()].sort());
      for (const [id, value] of model) assert.equal(map.get(id), value);
    }
  });

  it("tells what is not there from what is", () => {
    const map = new IdMap<number>();
    assert.deepEqual([map.has(1), map.get(1), map.delete(1), map.size], [false, undefined, false, 0]);
    map.set(2 ** 31 - 1, 7);
    assert.deepEqual([map.has(2 ** 31 - 1), map.get(2 ** 31 - 1), map.values()], [true, 7, [7]]);
  });
});
