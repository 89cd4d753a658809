import type { Any } from "@bufbuild/protobuf/wkt";
import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { HeaderValueOption, Metadata } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import type { MetadataData, PerFilterData, RouteLevelData } from "../route-table-data.ts";
import { compileHeaderMutations } from "./header-mutations.ts";

/** The fields that route configuration, virtual host, route and weighted cluster have in common. */
export interface RouteLevelMessage {
  readonly typedPerFilterConfig: { readonly [filterName: string]: Any };
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

/** What one level says about filters and headers. */
export function compileRouteLevel(message: RouteLevelMessage, place: Place, context: CompileContext): RouteLevelData {
  const { requestHeadersToAdd, requestHeadersToRemove, responseHeadersToAdd, responseHeadersToRemove } = message;
  return {
    perFilter: compilePerFilter(message, place.field("typed_per_filter_config"), context),
    requestHeaders: compileHeaderMutations("request", requestHeadersToAdd, requestHeadersToRemove, place, context),
    responseHeaders: compileHeaderMutations("response", responseHeadersToAdd, responseHeadersToRemove, place, context),
  };
}

function compilePerFilter(message: RouteLevelMessage, place: Place, context: CompileContext): PerFilterData {
  const configs: [string, PerFilterData[number][1]][] = [];
  for (const [filterName, config] of Object.entries(message.typedPerFilterConfig)) {
    const compiled = context.routeExtension(config, place.field(filterName));
    if (compiled !== undefined) configs.push([filterName, compiled]);
  }
  return configs;
}

/** Static metadata. */
export function compileMetadata(message: Metadata | undefined): MetadataData {
  return message === undefined ? [] : Object.entries(message.filterMetadata);
}
