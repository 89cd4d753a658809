import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ConfigSchema } from "../../../proto/gen/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js";
import { PER_CONNECTION_CLUSTER_KEY } from "../../../upstream/per-connection-cluster.ts";
import { compileFilterStateValues, filterStateSupport } from "../../filter_state/config.ts";
import type { FilterStateEntryData } from "../../filter_state/filter-state-entries.ts";

/** Keys that filters of connections ask for. */
const KEYS: ReadonlySet<string> = new Set([PER_CONNECTION_CLUSTER_KEY]);

/** `envoy.filters.network.set_filter_state`, main side. */
export const setFilterStateConfig = extensionConfig({
  name: "envoy.filters.network.set_filter_state",
  categories: ["envoy.filters.network"],
  schema: ConfigSchema,
  support: [supportAll(ConfigSchema), ...filterStateSupport],
  compile: ({ onNewConnection }, place, context): FilterStateEntryData[] =>
    compileFilterStateValues(onNewConnection, KEYS, place.field("on_new_connection"), context),
});
