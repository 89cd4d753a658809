import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { CompileContext } from "../../config/compile-context.ts";
import { compileDataSource } from "../../config/data-source.ts";
import type { Place } from "../../config/place.ts";
import type { DataSource } from "../../proto/gen/envoy/config/core/v3/base_pb.js";

/** Dictionaries are for small messages: what is longer is a mistake. */
const LARGEST_BYTES = 1 << 20;

/** A dictionary for zstd, which must be usable: any bytes, or a dictionary that was trained and is whole. */
export function compileDictionary(source: DataSource, place: Place, context: CompileContext): Uint8Array {
  const dictionary = compileDataSource(source, LARGEST_BYTES, place, context);
  if (dictionary.length === 0) {
    context.error(place, "is empty");
    return dictionary;
  }
  try {
    zstdDecompressSync(zstdCompressSync("", { dictionary }), { dictionary });
  } catch {
    context.error(place, "is no dictionary of zstd", "make one with zstd --train");
  }
  return dictionary;
}
