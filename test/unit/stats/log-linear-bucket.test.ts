import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bucketOf,
  LAST_BUCKET,
  lowerBoundOf,
  upperBoundOf,
  widthOf,
  ZERO_BUCKET,
} from "../../../src/stats/log-linear-bucket.ts";

describe("Log-linear buckets", () => {
  const rows = [
    { name: "zero", value: 0, lower: 0, upper: 0 },
    { name: "one", value: 1, lower: 1, upper: 1.1 },
    { name: "nine", value: 9, lower: 9, upper: 9.1 },
    { name: "ten", value: 10, lower: 10, upper: 11 },
    { name: "two digits", value: 57, lower: 57, upper: 58 },
    { name: "three digits", value: 123, lower: 120, upper: 130 },
    { name: "the end of a power of ten", value: 999, lower: 990, upper: 1000 },
    { name: "the start of a power of ten", value: 1000, lower: 1000, upper: 1100 },
    { name: "a large integer", value: 2_147_483_647, lower: 2.1e9, upper: 2.2e9 },
    { name: "an integer beyond 32 bits", value: 5e12, lower: 5e12, upper: 5.1e12 },
    { name: "a fraction that can't be held exactly", value: 0.11, lower: 0.11, upper: 0.12 },
    { name: "a fraction within a bucket", value: 0.1234, lower: 0.12, upper: 0.13 },
    { name: "a value just below a power of ten", value: 99.99, lower: 99, upper: 100 },
    { name: "a thousandth", value: 0.001, lower: 0.001, upper: 0.0011 },
    { name: "something too small to tell from zero", value: 1e-12, lower: 0, upper: 0 },
  ];
  for (const row of rows) {
    it(`places ${row.name}`, () => {
      const bucket = bucketOf(row.value);
      assert.equal(lowerBoundOf(bucket), row.lower);
      assert.equal(upperBoundOf(bucket), row.upper);
    });
  }

  it("counts what is too large in the last bucket", () => {
    assert.equal(bucketOf(1e30), LAST_BUCKET);
    assert.equal(bucketOf(9.99e17), LAST_BUCKET);
  });

  it("puts each bucket's lower bound into that bucket", () => {
    for (let bucket = ZERO_BUCKET; bucket <= LAST_BUCKET; bucket++) {
      assert.equal(bucketOf(lowerBoundOf(bucket)), bucket, `bucket ${bucket} from ${lowerBoundOf(bucket)}`);
    }
  });

  it("knows the width of a bucket", () => {
    assert.equal(widthOf(bucketOf(0)), 0);
    assert.equal(widthOf(bucketOf(5)), 0.1);
    assert.equal(widthOf(bucketOf(1500)), 100);
  });
});
