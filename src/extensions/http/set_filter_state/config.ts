import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type Config,
  ConfigSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js";
import { compileFilterStateValues, filterStateSupport } from "../../filter_state/config.ts";
import type { FilterStateEntryData } from "../../filter_state/filter-state-entries.ts";

const NO_KEYS: ReadonlySet<string> = new Set();

/** `envoy.filters.http.set_filter_state`, main side. Settings of routes apply after those of the filter. */
export const setFilterStateConfig = extensionConfig({
  name: "envoy.filters.http.set_filter_state",
  categories: ["envoy.filters.http"],
  schema: ConfigSchema,
  routeSchema: ConfigSchema,
  support: [supportAll(ConfigSchema), ...filterStateSupport],
  compile: compileConfig,
  compileRoute: compileConfig,
});

function compileConfig(message: Config, place: Place, context: CompileContext): FilterStateEntryData[] {
  return compileFilterStateValues(message.onRequestHeaders, NO_KEYS, place.field("on_request_headers"), context);
}
