import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, supportAll } from "../../../config/field-support.ts";
import { ZstdSchema } from "../../../proto/gen/envoy/extensions/compression/zstd/decompressor/v3/zstd_pb.js";
import type { CompressionLibraryData } from "../compression-library.ts";

/** `envoy.compression.zstd.decompressor`. Differs from Envoy: the output may be at most 100 times as long, as with the others. */
export const zstdDecompressorConfig = extensionConfig({
  name: "envoy.compression.zstd.decompressor",
  categories: ["envoy.compression.decompressor"],
  schema: ZstdSchema,
  support: [supportAll(ZstdSchema, { dictionaries: notYet() })],
  compile: (message): CompressionLibraryData => ({
    algorithm: "zstd",
    chunkBytes: message.chunkSize ?? 4096,
    options: {},
    maxRatio: 100,
  }),
});
