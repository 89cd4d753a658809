import { constants as zlib } from "node:zlib";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import {
  Brotli_EncoderMode,
  BrotliSchema,
} from "../../../proto/gen/envoy/extensions/compression/brotli/compressor/v3/brotli_pb.js";
import type { CompressionLibraryData } from "../compression-library.ts";

const MODES: Record<Brotli_EncoderMode, number> = {
  [Brotli_EncoderMode.DEFAULT]: zlib.BROTLI_MODE_GENERIC,
  [Brotli_EncoderMode.GENERIC]: zlib.BROTLI_MODE_GENERIC,
  [Brotli_EncoderMode.TEXT]: zlib.BROTLI_MODE_TEXT,
  [Brotli_EncoderMode.FONT]: zlib.BROTLI_MODE_FONT,
};

/** `envoy.compression.brotli.compressor`, with Envoy's defaults: quality 3, window of 18 bits, blocks of 24 bits. */
export const brotliCompressorConfig = extensionConfig({
  name: "envoy.compression.brotli.compressor",
  categories: ["envoy.compression.compressor"],
  schema: BrotliSchema,
  support: [supportAll(BrotliSchema)],
  compile: (message): CompressionLibraryData => ({
    algorithm: "brotli",
    chunkBytes: message.chunkSize ?? 4096,
    options: {
      [zlib.BROTLI_PARAM_QUALITY]: message.quality ?? 3,
      [zlib.BROTLI_PARAM_MODE]: MODES[message.encoderMode],
      [zlib.BROTLI_PARAM_LGWIN]: message.windowBits ?? 18,
      [zlib.BROTLI_PARAM_LGBLOCK]: message.inputBlockBits ?? 24,
      [zlib.BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING]: message.disableLiteralContextModeling ? 1 : 0,
    },
    maxRatio: Number.MAX_SAFE_INTEGER,
  }),
});
