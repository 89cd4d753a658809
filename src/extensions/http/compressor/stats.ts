import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The handles of one direction of a compressor. */
export interface CompressedDirectionStats {
  readonly compressed: Counter;
  readonly notCompressed: Counter;
  readonly totalUncompressedBytes: Counter;
  readonly totalCompressedBytes: Counter;
  readonly contentLengthTooSmall: Counter;
}

/** Those of the direction of the response, which follows the client's `accept-encoding`. */
export interface CompressedResponseStats extends CompressedDirectionStats {
  readonly noAcceptHeader: Counter;
  readonly headerIdentity: Counter;
  readonly headerCompressorUsed: Counter;
  readonly headerCompressorOvershadowed: Counter;
  readonly headerWildcard: Counter;
  readonly headerNotValid: Counter;
  readonly notCompressedEtag: Counter;
}

/** `prefix` stands before the last word. */
export function compressedDirectionStats(scope: StatsScope, prefix: string): CompressedDirectionStats {
  return {
    compressed: scope.counter(`${prefix}compressed`),
    notCompressed: scope.counter(`${prefix}not_compressed`),
    totalUncompressedBytes: scope.counter(`${prefix}total_uncompressed_bytes`),
    totalCompressedBytes: scope.counter(`${prefix}total_compressed_bytes`),
    contentLengthTooSmall: scope.counter(`${prefix}content_length_too_small`),
  };
}

/** The same for responses. */
export function compressedResponseStats(scope: StatsScope, prefix: string): CompressedResponseStats {
  return {
    ...compressedDirectionStats(scope, prefix),
    noAcceptHeader: scope.counter(`${prefix}no_accept_header`),
    headerIdentity: scope.counter(`${prefix}header_identity`),
    headerCompressorUsed: scope.counter(`${prefix}header_compressor_used`),
    headerCompressorOvershadowed: scope.counter(`${prefix}header_compressor_overshadowed`),
    headerWildcard: scope.counter(`${prefix}header_wildcard`),
    headerNotValid: scope.counter(`${prefix}header_not_valid`),
    notCompressedEtag: scope.counter(`${prefix}not_compressed_etag`),
  };
}
