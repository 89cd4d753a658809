import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HistogramDistribution, SHOWN_QUANTILES } from "../../../src/stats/histogram-distribution.ts";
import { bucketOf } from "../../../src/stats/log-linear-bucket.ts";

function distributionOf(...values: number[]): HistogramDistribution {
  const distribution = new HistogramDistribution();
  for (const value of values) {
    distribution.addBucket(bucketOf(value), 1);
    distribution.addSum(value);
  }
  return distribution;
}

describe("HistogramDistribution", () => {
  it("has no quantiles without values", () => {
    assert.deepEqual(new HistogramDistribution().quantiles([0, 0.5, 1]), [Number.NaN, Number.NaN, Number.NaN]);
  });

  it("interpolates within the bucket, as circllhist does", () => {
    const distribution = distributionOf(200);
    assert.deepEqual(distribution.quantiles([0, 0.25, 0.5, 1]), [200, 202.5, 205, 210]);
  });

  it("finds quantiles over several buckets", () => {
    const distribution = distributionOf(1, 2, 3, 4);
    assert.deepEqual(distribution.quantiles([0, 0.25, 0.5, 1]), [1, 1.1, 2.1, 4.1]);
  });

  it("shows zero for values of zero", () => {
    assert.deepEqual(distributionOf(0, 0).quantiles(SHOWN_QUANTILES), new Array(10).fill(0));
  });

  it("counts the values whose buckets end at or below a bound", () => {
    const distribution = distributionOf(0, 0.4, 3, 7, 7, 999);
    assert.deepEqual(distribution.countsBelow([0.5, 1, 5, 10, 500, 1000]), [2, 2, 3, 5, 5, 6]);
  });

  it("keeps the exact sum and count", () => {
    const distribution = distributionOf(1, 22, 333);
    assert.equal(distribution.sum, 356);
    assert.equal(distribution.count, 3);
  });

  it("lists its buckets in order, also when they came in another", () => {
    assert.deepEqual(distributionOf(150, 3, 150).details(), [
      { lowerBound: 3, width: 0.1, count: 1 },
      { lowerBound: 150, width: 10, count: 2 },
    ]);
  });
});
