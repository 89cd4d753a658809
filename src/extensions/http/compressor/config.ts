import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { compileFeatureFlag, runtimeFeatureFlagSupport } from "../../../config/runtime-feature-flag.ts";
import { TypedExtensionConfigSchema } from "../../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  type Compressor,
  type Compressor_CommonDirectionConfig,
  Compressor_CommonDirectionConfigSchema,
  Compressor_RequestDirectionConfigSchema,
  Compressor_ResponseDirectionConfigSchema,
  CompressorOverridesSchema,
  CompressorPerRouteSchema,
  CompressorSchema,
  ResponseDirectionOverridesSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/compressor/v3/compressor_pb.js";
import type { CompressionLibraryData } from "../../compression/compression-library.ts";
import type { CompressedDirectionData, CompressorData, CompressorRouteData } from "./compressor-data.ts";

const MIN_LENGTH = 30;
/** Envoy's: the eight media types of its documentation and their synonyms. */
const CONTENT_TYPES: readonly string[] = [
  ...["text/html", "text/plain", "text/css", "text/xml", "image/svg+xml", "application/xhtml+xml"],
  ...["application/javascript", "application/x-javascript", "application/ecmascript", "text/javascript"],
  ...["text/x-javascript", "text/ecmascript", "text/js", "text/jscript", "text/x-js"],
  ...["application/json", "application/x-json", "application/xml"],
];

/** `envoy.filters.http.compressor`, main side. */
export const compressorConfig = extensionConfig({
  name: "envoy.filters.http.compressor",
  categories: ["envoy.filters.http"],
  schema: CompressorSchema,
  routeSchema: CompressorPerRouteSchema,
  configRequired: true,
  support: [
    supportAll(CompressorSchema),
    supportAll(Compressor_CommonDirectionConfigSchema),
    supportAll(Compressor_RequestDirectionConfigSchema),
    supportAll(Compressor_ResponseDirectionConfigSchema),
    supportAll(CompressorPerRouteSchema),
    supportAll(CompressorOverridesSchema),
    supportAll(ResponseDirectionOverridesSchema),
    supportAll(TypedExtensionConfigSchema),
    ...runtimeFeatureFlagSupport,
  ],
  compile: compileCompressor,
  compileRoute: ({ override }): CompressorRouteData => {
    if (override.case !== "overrides") return { enabled: false, removeAcceptEncoding: null };
    const response = override.value.responseDirectionConfig;
    if (response === undefined) return { enabled: null, removeAcceptEncoding: null };
    return { enabled: true, removeAcceptEncoding: response.removeAcceptEncodingHeader ?? null };
  },
});

function compileCompressor(message: Compressor, place: Place, context: CompileContext): CompressorData {
  const { compressorLibrary: named, responseDirectionConfig: response, requestDirectionConfig: request } = message;
  const at = place.field("compressor_library");
  const library = named === undefined ? undefined : context.extension("envoy.compression.compressor", named, at);
  const data = (library?.data ?? { algorithm: "gzip", chunkBytes: 4096, options: {} }) as CompressionLibraryData;
  return {
    statName: `${named?.name ?? ""}.${data.algorithm}`,
    responseStatPrefix: response === undefined ? "" : "response.",
    library: data,
    request:
      request === undefined
        ? { ...compileDirection(undefined), enabled: { on: false, runtimeKey: "" } }
        : compileDirection(request.commonConfig),
    response: response === undefined ? deprecatedDirection(message) : compileDirection(response.commonConfig),
    disableOnEtag: (response ?? message).disableOnEtagHeader,
    uncompressibleCodes: response?.uncompressibleResponseCodes ?? [],
    removeAcceptEncoding: (response ?? message).removeAcceptEncodingHeader,
    chooseFirst: message.chooseFirst,
  };
}

function compileDirection(message: Compressor_CommonDirectionConfig | undefined): CompressedDirectionData {
  return {
    enabled: compileFeatureFlag(message?.enabled),
    minContentLength: message?.minContentLength ?? MIN_LENGTH,
    contentTypes: compileTypes(message?.contentType ?? []),
  };
}

/** The fields of `Compressor` itself, which count without a `response_direction_config`. */
function deprecatedDirection(message: Compressor): CompressedDirectionData {
  return {
    enabled: compileFeatureFlag(message.runtimeEnabled),
    minContentLength: message.contentLength ?? MIN_LENGTH,
    contentTypes: compileTypes(message.contentType),
  };
}

function compileTypes(types: readonly string[]): readonly string[] {
  return types.length === 0 ? CONTENT_TYPES : types.map((type) => type.toLowerCase());
}
