import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { compileFeatureFlag, runtimeFeatureFlagSupport } from "../../../config/runtime-feature-flag.ts";
import { TypedExtensionConfigSchema } from "../../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  type Decompressor,
  type Decompressor_CommonDirectionConfig,
  Decompressor_CommonDirectionConfigSchema,
  Decompressor_RequestDirectionConfigSchema,
  Decompressor_ResponseDirectionConfigSchema,
  DecompressorSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/decompressor/v3/decompressor_pb.js";
import type { CompressionLibraryData } from "../../compression/compression-library.ts";
import type { DecompressedDirectionData, DecompressorData } from "./decompressor-data.ts";

/** `envoy.filters.http.decompressor`, main side. */
export const decompressorConfig = extensionConfig({
  name: "envoy.filters.http.decompressor",
  categories: ["envoy.filters.http"],
  schema: DecompressorSchema,
  configRequired: true,
  support: [
    supportAll(DecompressorSchema),
    supportAll(Decompressor_CommonDirectionConfigSchema),
    supportAll(Decompressor_RequestDirectionConfigSchema),
    supportAll(Decompressor_ResponseDirectionConfigSchema),
    supportAll(TypedExtensionConfigSchema),
    ...runtimeFeatureFlagSupport,
  ],
  compile: compileDecompressor,
});

function compileDecompressor(message: Decompressor, place: Place, context: CompileContext): DecompressorData {
  const { decompressorLibrary: named, requestDirectionConfig: request, responseDirectionConfig: response } = message;
  const at = place.field("decompressor_library");
  const library = named === undefined ? undefined : context.extension("envoy.compression.decompressor", named, at);
  const data = (library?.data ?? {
    algorithm: "gzip",
    chunkBytes: 4096,
    options: {},
    maxRatio: 1,
  }) as CompressionLibraryData;
  return {
    statName: `${named?.name ?? ""}.${data.algorithm}`,
    library: data,
    request: compileDirection(request?.commonConfig),
    response: compileDirection(response?.commonConfig),
    advertises: request?.advertiseAcceptEncoding ?? true,
  };
}

function compileDirection(message: Decompressor_CommonDirectionConfig | undefined): DecompressedDirectionData {
  return {
    enabled: compileFeatureFlag(message?.enabled),
    ignoresNoTransform: message?.ignoreNoTransformHeader ?? false,
  };
}
