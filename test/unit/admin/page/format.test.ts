import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytes, duration, percent, shortNumber } from "../../../../src/admin/page/format.ts";

const ROWS: readonly (readonly [shown: string, expected: string])[] = [
  [shortNumber(0), "0"],
  [shortNumber(1234), "1,234"],
  [shortNumber(12_345), "12.3k"],
  [shortNumber(4_560_000), "4.56M"],
  [shortNumber(1.23456), "1.23"],
  [shortNumber(12.3456), "12.3"],
  [shortNumber(123.456), "123"],
  [shortNumber(Number.NaN), "–"],
  [bytes(0), "0 B"],
  [bytes(1536), "1.5 KiB"],
  [bytes(5 * 1024 ** 3), "5.0 GiB"],
  [duration(0.423), "0.42 ms"],
  [duration(12.6), "13 ms"],
  [duration(3400), "3.4 s"],
  [duration(300_000), "5 min"],
  [duration(10_800_000), "3 h"],
  [duration(864_000_000), "10 d"],
  [percent(0), "0 %"],
  [percent(0.0123), "1.2 %"],
  [percent(0.5), "50 %"],
];

describe("Numbers on the page", () => {
  for (const [shown, expected] of ROWS) {
    it(`are short and have a unit: ${expected}`, () => assert.equal(shown, expected));
  }
});
