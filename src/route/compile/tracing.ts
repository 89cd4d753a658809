import type { CompileContext } from "../../config/compile-context.ts";
import { type MessageSupport, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import type { CustomTagData, CustomTagSource } from "../../http/custom-tag-data.ts";
import { type Tracing, TracingSchema } from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import {
  MetadataKey_PathSegmentSchema,
  MetadataKeySchema,
  MetadataKind_ClusterSchema,
  MetadataKind_HostSchema,
  MetadataKind_RequestSchema,
  MetadataKind_RouteSchema,
  MetadataKindSchema,
} from "../../proto/gen/envoy/type/metadata/v3/metadata_pb.js";
import {
  type CustomTag,
  CustomTag_EnvironmentSchema,
  CustomTag_HeaderSchema,
  CustomTag_LiteralSchema,
  type CustomTag_Metadata,
  CustomTag_MetadataSchema,
  CustomTagSchema,
} from "../../proto/gen/envoy/type/tracing/v3/custom_tag_pb.js";
import type { FractionalPercent } from "../../proto/gen/envoy/type/v3/percent_pb.js";
import type { RuntimeShareData } from "../../runtime/runtime.ts";
import type { RouteTracingData } from "../route-tracing.ts";
import { compileFractionalPercent } from "./route-match.ts";

/** The runtime keys of the shares of requests that are traced, as Envoy has them. */
export const SAMPLING_KEYS = {
  client: "tracing.client_enabled",
  random: "tracing.random_sampling",
  overall: "tracing.global_enabled",
} as const;

/** A route's `tracing`. Shares that are not given are whole. */
export function compileRouteTracing(message: Tracing, place: Place, context: CompileContext): RouteTracingData {
  return {
    sampling: {
      client: share(message.clientSampling, SAMPLING_KEYS.client),
      random: share(message.randomSampling, SAMPLING_KEYS.random),
      overall: share(message.overallSampling, SAMPLING_KEYS.overall),
    },
    customTags: compileCustomTags(message.customTags, place.field("custom_tags"), context),
  };
}

function share(message: FractionalPercent | undefined, runtimeKey: string): RuntimeShareData {
  if (message === undefined) return { numerator: 100, denominator: 100, runtimeKey };
  return { ...compileFractionalPercent(message), runtimeKey };
}

/** `custom_tags`, wherever they stand. A name that stands there twice is an error. */
export function compileCustomTags(
  messages: readonly CustomTag[],
  place: Place,
  context: CompileContext,
): CustomTagData[] {
  const names = new Set<string>();
  return messages.map((message, i) => {
    const { tag } = message;
    if (names.has(tag)) context.error(place.index(i).field("tag"), `the tag "${tag}" stands here twice`);
    names.add(tag);
    return { tag, source: compileSource(message) };
  });
}

function compileSource({ type }: CustomTag): CustomTagSource {
  switch (type.case) {
    case "environment":
      return { type: "environment", name: type.value.name, defaultValue: type.value.defaultValue };
    case "requestHeader":
      return { type: "requestHeader", name: type.value.name.toLowerCase(), defaultValue: type.value.defaultValue };
    case "metadata":
      return compileMetadataSource(type.value);
    default:
      return { type: "literal", value: type.value?.value ?? "" };
  }
}

function compileMetadataSource({ kind, metadataKey, defaultValue }: CustomTag_Metadata): CustomTagSource {
  return {
    type: "metadata",
    kind: kind?.kind.case ?? "request",
    at: {
      namespace: metadataKey?.key ?? "",
      path: (metadataKey?.path ?? []).map(({ segment }) => segment.value ?? ""),
    },
    defaultValue,
  };
}

/** Which fields of custom tags are implemented; they stand in routes and in connection managers. */
export const customTagSupport: readonly MessageSupport[] = [
  supportAll(CustomTagSchema),
  supportAll(CustomTag_LiteralSchema),
  supportAll(CustomTag_EnvironmentSchema),
  supportAll(CustomTag_HeaderSchema),
  supportAll(CustomTag_MetadataSchema),
  supportAll(MetadataKindSchema),
  supportAll(MetadataKind_RequestSchema),
  supportAll(MetadataKind_RouteSchema),
  supportAll(MetadataKind_ClusterSchema),
  supportAll(MetadataKind_HostSchema),
  supportAll(MetadataKeySchema),
  supportAll(MetadataKey_PathSegmentSchema),
];

/** Which fields of a route's `tracing` are implemented. */
export const routeTracingSupport: readonly MessageSupport[] = [supportAll(TracingSchema), ...customTagSupport];
