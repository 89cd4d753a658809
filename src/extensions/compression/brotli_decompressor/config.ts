import { constants as zlib } from "node:zlib";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { BrotliSchema } from "../../../proto/gen/envoy/extensions/compression/brotli/decompressor/v3/brotli_pb.js";
import type { CompressionLibraryData } from "../compression-library.ts";

/** `envoy.compression.brotli.decompressor`; the output may be 100 times as long, as in Envoy. */
export const brotliDecompressorConfig = extensionConfig({
  name: "envoy.compression.brotli.decompressor",
  categories: ["envoy.compression.decompressor"],
  schema: BrotliSchema,
  support: [supportAll(BrotliSchema)],
  compile: (message): CompressionLibraryData => ({
    algorithm: "brotli",
    chunkBytes: message.chunkSize ?? 4096,
    options: {
      [zlib.BROTLI_DECODER_PARAM_DISABLE_RING_BUFFER_REALLOCATION]: message.disableRingBufferReallocation ? 1 : 0,
    },
    maxRatio: 100,
  }),
});
