import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { only, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { compileFormatString } from "../../../http/format/config.ts";
import {
  type FilterStateValue,
  FilterStateValueSchema,
} from "../../../proto/gen/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js";
import {
  type Config,
  ConfigSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js";
import type { FilterStateEntryData } from "./filter-state-entries.ts";

/** Envoy's factories of values that are only texts. */
const TEXT_FACTORIES = new Set(["envoy.string", "envoy.hashable_string"]);

/** `envoy.filters.http.set_filter_state`, main side. Settings of routes apply after those of the filter. */
export const setFilterStateConfig = extensionConfig({
  name: "envoy.filters.http.set_filter_state",
  categories: ["envoy.filters.http"],
  schema: ConfigSchema,
  routeSchema: ConfigSchema,
  support: [
    supportAll(ConfigSchema),
    supportAll(FilterStateValueSchema, {
      shared_with_upstream: only(["NONE"], "it is for internal connections, which Troupe lacks"),
    }),
  ],
  compile: compileConfig,
  compileRoute: compileConfig,
});

function compileConfig(message: Config, place: Place, context: CompileContext): FilterStateEntryData[] {
  const at = place.field("on_request_headers");
  return message.onRequestHeaders.map((value, i) => compileValue(value, at.index(i), context));
}

function compileValue(message: FilterStateValue, place: Place, context: CompileContext): FilterStateEntryData {
  const key = message.key.value ?? "";
  const factory = message.factoryKey === "" ? key : message.factoryKey;
  if (!TEXT_FACTORIES.has(factory)) {
    const hint = 'set factory_key to "envoy.string" for a text of your own';
    context.unsupported(place, `filter state "${factory}" has no meaning in Troupe`, hint);
  }
  const at = place.field("format_string");
  const format = message.value.value;
  return {
    key,
    format: format === undefined ? null : compileFormatString(format, at, context),
    readOnly: message.readOnly,
    skipIfEmpty: message.skipIfEmpty,
  };
}
