import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The handles of one direction of a decompressor. */
export interface DecompressorStats {
  readonly decompressed: Counter;
  readonly notDecompressed: Counter;
  readonly totalUncompressedBytes: Counter;
  readonly totalCompressedBytes: Counter;
}

/** `prefix` stands before the last word. */
export function decompressorStats(scope: StatsScope, prefix: string): DecompressorStats {
  return {
    decompressed: scope.counter(`${prefix}decompressed`),
    notDecompressed: scope.counter(`${prefix}not_decompressed`),
    totalUncompressedBytes: scope.counter(`${prefix}total_uncompressed_bytes`),
    totalCompressedBytes: scope.counter(`${prefix}total_compressed_bytes`),
  };
}
