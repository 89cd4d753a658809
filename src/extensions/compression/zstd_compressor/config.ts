import { constants as zlib } from "node:zlib";
import { dataSourceSupport } from "../../../config/data-source.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ZstdSchema } from "../../../proto/gen/envoy/extensions/compression/zstd/compressor/v3/zstd_pb.js";
import type { CompressionLibraryData } from "../compression-library.ts";
import { compileDictionary } from "../zstd-dictionary.ts";

/** `envoy.compression.zstd.compressor`, of level 3 unless it is told otherwise. */
export const zstdCompressorConfig = extensionConfig({
  name: "envoy.compression.zstd.compressor",
  categories: ["envoy.compression.compressor"],
  schema: ZstdSchema,
  support: [supportAll(ZstdSchema), ...dataSourceSupport],
  compile: (message, place, context): CompressionLibraryData => {
    const { dictionary } = message;
    const level = message.compressionLevel ?? 3;
    if (level > 22) context.error(place.field("compression_level"), `${level} is more than 22`);
    return {
      algorithm: "zstd",
      chunkBytes: message.chunkSize ?? 4096,
      options: {
        [zlib.ZSTD_c_compressionLevel]: level,
        [zlib.ZSTD_c_checksumFlag]: message.enableChecksum ? 1 : 0,
        ...(message.strategy !== 0 && { [zlib.ZSTD_c_strategy]: message.strategy }),
      },
      ...(dictionary !== undefined && {
        dictionary: compileDictionary(dictionary, place.field("dictionary"), context),
      }),
      maxRatio: Number.MAX_SAFE_INTEGER,
    };
  },
});
