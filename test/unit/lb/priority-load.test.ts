import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { priorityLoad } from "../../../src/lb/priority-load.ts";

const SETTINGS = { panicThresholdPercent: 50, overprovisioningFactorPercent: 140 };

/** `[healthy, degraded, total]` by priority. */
type Level = readonly [number, number, number];

function load(levels: readonly Level[], settings = SETTINGS): ReturnType<typeof priorityLoad> {
  return priorityLoad(
    levels.map(([healthy, degraded, total]) => ({ healthy, degraded, total })),
    settings,
  );
}

describe("priorityLoad", () => {
  it("works out health by weights, but panics by the number of hosts", () => {
    const weights = { total: 100, healthy: 50, degraded: 0 };
    const levels = [
      { total: 10, healthy: 9, degraded: 0, weights },
      { total: 2, healthy: 2, degraded: 0 },
    ];
    assert.deepEqual(priorityLoad(levels, SETTINGS), {
      healthyPercent: [70, 30],
      degradedPercent: [0, 0],
      healthyAvailable: [70, 100],
      degradedAvailable: [0, 0],
      panic: [false, false],
    });
  });

  it("counts excluded hosts neither for health nor for a panic", () => {
    const levels = [
      { total: 5, healthy: 1, degraded: 0, excluded: 4 },
      { total: 2, healthy: 2, degraded: 0 },
    ];
    const { healthyPercent, panic } = priorityLoad(levels, SETTINGS);
    assert.deepEqual(
      [healthyPercent, panic],
      [
        [100, 0],
        [false, false],
      ],
    );
    const counted = priorityLoad(
      levels.map(({ excluded: _, ...level }) => level),
      SETTINGS,
    );
    assert.deepEqual(counted.healthyPercent, [28, 72]);
  });

  it("has no health where all hosts are excluded, and uses them all the same if there are no others", () => {
    const { healthyPercent, panic } = priorityLoad([{ total: 3, healthy: 0, degraded: 0, excluded: 3 }], SETTINGS);
    assert.deepEqual([healthyPercent, panic], [[100], [true]]);
  });

  const rows: readonly {
    name: string;
    levels: readonly Level[];
    healthy: readonly number[];
    degraded?: readonly number[];
    panic?: readonly boolean[];
  }[] = [
    {
      name: "all healthy: the first takes everything",
      levels: [
        [4, 0, 4],
        [4, 0, 4],
      ],
      healthy: [100, 0],
    },
    {
      name: "72% healthy still takes everything",
      levels: [
        [18, 0, 25],
        [4, 0, 4],
      ],
      healthy: [100, 0],
    },
    {
      name: "half healthy: 70% stay, the rest spills over",
      levels: [
        [2, 0, 4],
        [4, 0, 4],
      ],
      healthy: [70, 30],
    },
    {
      name: "none healthy: everything spills over",
      levels: [
        [0, 0, 4],
        [4, 0, 4],
      ],
      healthy: [0, 100],
      panic: [false, false],
    },
    {
      name: "an empty level takes nothing",
      levels: [
        [0, 0, 0],
        [1, 0, 1],
      ],
      healthy: [0, 100],
      panic: [false, false],
    },
    {
      name: "spill-over reaches the third",
      levels: [
        [1, 0, 4],
        [1, 0, 4],
        [4, 0, 4],
      ],
      healthy: [35, 35, 30],
    },
    {
      name: "too few in all: shares grow to 100",
      levels: [
        [1, 0, 4],
        [1, 0, 4],
      ],
      healthy: [50, 50],
      panic: [true, true],
    },
    { name: "degraded hosts take what healthy ones can't", levels: [[2, 2, 4]], healthy: [70], degraded: [30] },
    { name: "degraded hosts only", levels: [[0, 4, 4]], healthy: [0], degraded: [100] },
    { name: "half of the hosts is no panic", levels: [[2, 0, 4]], healthy: [100], panic: [false] },
    { name: "fewer than half is a panic", levels: [[1, 0, 4]], healthy: [100], panic: [true] },
    {
      name: "total panic spreads by number of hosts",
      levels: [
        [0, 0, 3],
        [0, 0, 1],
      ],
      healthy: [75, 25],
      panic: [true, true],
    },
    { name: "no hosts at all", levels: [[0, 0, 0]], healthy: [100], panic: [true] },
  ];
  for (const { name, levels, healthy, degraded, panic } of rows) {
    it(name, () => {
      const result = load(levels);
      assert.deepEqual(result.healthyPercent, healthy);
      assert.deepEqual(result.degradedPercent, degraded ?? healthy.map(() => 0));
      if (panic !== undefined) assert.deepEqual(result.panic, panic);
    });
  }

  it("never panics with a threshold of 0", () => {
    const result = load([[0, 0, 4]], { ...SETTINGS, panicThresholdPercent: 0 });
    const { healthyPercent, degradedPercent, panic } = result;
    assert.deepEqual([healthyPercent, degradedPercent, panic], [[100], [0], [false]]);
  });

  it("always gives away 100% in all", () => {
    for (let healthy = 0; healthy <= 7; healthy++) {
      for (let degraded = 0; degraded + healthy <= 7; degraded++) {
        const { healthyPercent, degradedPercent } = load([
          [healthy, degraded, 7],
          [degraded, 0, 3 + degraded],
        ]);
        const sum = [...healthyPercent, ...degradedPercent].reduce((a, b) => a + b, 0);
        assert.equal(sum, 100, `${healthy} healthy, ${degraded} degraded`);
      }
    }
  });
});
