import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ConfigSchema } from "../../../proto/gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js";
import { TCP_PROXY_KEYS } from "../../../upstream/tcp-proxy-keys.ts";
import { compileFilterStateValues, filterStateSupport } from "../../filter_state/config.ts";
import type { FilterStateEntryData } from "../../filter_state/filter-state-entries.ts";

/** `envoy.filters.network.set_filter_state`, main side. */
export const setFilterStateConfig = extensionConfig({
  name: "envoy.filters.network.set_filter_state",
  categories: ["envoy.filters.network"],
  schema: ConfigSchema,
  support: [supportAll(ConfigSchema), ...filterStateSupport],
  compile: ({ onNewConnection }, place, context): FilterStateEntryData[] =>
    compileFilterStateValues(onNewConnection, TCP_PROXY_KEYS, place.field("on_new_connection"), context),
});
