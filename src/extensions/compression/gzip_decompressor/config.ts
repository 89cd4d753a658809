import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { GzipSchema } from "../../../proto/gen/envoy/extensions/compression/gzip/decompressor/v3/gzip_pb.js";
import type { CompressionLibraryData } from "../compression-library.ts";

/** `envoy.compression.gzip.decompressor`, with Envoy's defaults: window of 15 bits, at most 100 times as long. */
export const gzipDecompressorConfig = extensionConfig({
  name: "envoy.compression.gzip.decompressor",
  categories: ["envoy.compression.decompressor"],
  schema: GzipSchema,
  support: [supportAll(GzipSchema)],
  compile: (message): CompressionLibraryData => ({
    algorithm: "gzip",
    chunkBytes: message.chunkSize ?? 4096,
    options: { windowBits: message.windowBits ?? 15 },
    maxRatio: message.maxInflateRatio ?? 100,
  }),
});
