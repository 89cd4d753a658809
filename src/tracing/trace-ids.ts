import type { RandomSource } from "../base/random.ts";

/** 16 hex digits, never all zero. */
export function randomId64(random: RandomSource): string {
  const low = random.uint32() || 1;
  return random.uint32().toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

/** 32 hex digits, never all zero. */
export function randomId128(random: RandomSource): string {
  return randomId64(random) + randomId64(random);
}
