import type { RandomSource } from "../../../src/base/random.ts";

/** Chance that always comes out the same. */
export function fixedRandom(fraction: number): RandomSource {
  return {
    fraction: () => fraction,
    uint32: () => Math.floor(fraction * 2 ** 32),
    uuid: () => "00000000-0000-4000-8000-000000000000",
  };
}
