import { constants as zlib } from "node:zlib";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { GzipSchema } from "../../../proto/gen/envoy/extensions/compression/gzip/compressor/v3/gzip_pb.js";
import type { CompressionLibraryData } from "../compression-library.ts";

/** `envoy.compression.gzip.compressor`, with Envoy's defaults: memory level 5, window of 12 bits. */
export const gzipCompressorConfig = extensionConfig({
  name: "envoy.compression.gzip.compressor",
  categories: ["envoy.compression.compressor"],
  schema: GzipSchema,
  support: [supportAll(GzipSchema)],
  compile: (message): CompressionLibraryData => ({
    algorithm: "gzip",
    chunkBytes: message.chunkSize ?? 4096,
    options: {
      level: message.compressionLevel === 0 ? zlib.Z_DEFAULT_COMPRESSION : message.compressionLevel,
      memLevel: message.memoryLevel ?? 5,
      strategy: message.compressionStrategy,
      windowBits: message.windowBits ?? 12,
    },
    maxRatio: Number.MAX_SAFE_INTEGER,
  }),
});
