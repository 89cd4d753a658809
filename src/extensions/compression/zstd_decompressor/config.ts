import { dataSourceSupport } from "../../../config/data-source.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ZstdSchema } from "../../../proto/gen/envoy/extensions/compression/zstd/decompressor/v3/zstd_pb.js";
import type { CompressionLibraryData } from "../compression-library.ts";
import { compileDictionary } from "../zstd-dictionary.ts";

/** `envoy.compression.zstd.decompressor`. Differs from Envoy: the output may be at most 100 times as long, as with the others. */
export const zstdDecompressorConfig = extensionConfig({
  name: "envoy.compression.zstd.decompressor",
  categories: ["envoy.compression.decompressor"],
  schema: ZstdSchema,
  support: [supportAll(ZstdSchema), ...dataSourceSupport],
  compile: ({ chunkSize, dictionaries: [dictionary, second] }, place, context): CompressionLibraryData => {
    const at = place.field("dictionaries");
    if (second !== undefined) context.unsupported(at.index(1), "a second dictionary is not supported yet");
    return {
      algorithm: "zstd",
      chunkBytes: chunkSize ?? 4096,
      options: {},
      ...(dictionary !== undefined && { dictionary: compileDictionary(dictionary, at.index(0), context) }),
      maxRatio: 100,
    };
  },
});
