import type { RuntimeShare } from "../runtime/runtime-entry.ts";

/** Whether a random number (a uniform integer in [0, 2^32)) falls into the share. */
export function isInFraction(fraction: RuntimeShare, randomValue: number): boolean {
  return randomValue % fraction.denominator < fraction.numerator;
}
