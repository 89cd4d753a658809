import { DOWNSTREAM_CONNECTIONS_MONITOR } from "../../../config/bootstrap/overload-data.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { DownstreamConnectionsConfigSchema } from "../../../proto/gen/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.js";

/** Counts are 32 bits wide. */
const LARGEST = 0x7fff_ffffn;

/** `envoy.resource_monitors.global_downstream_max_connections`; its data is the number. */
export const downstreamConnectionsConfig = extensionConfig({
  name: DOWNSTREAM_CONNECTIONS_MONITOR,
  categories: ["envoy.resource_monitors"],
  schema: DownstreamConnectionsConfigSchema,
  configRequired: true,
  support: [supportAll(DownstreamConnectionsConfigSchema)],
  compile: ({ maxActiveDownstreamConnections: max }): number => Number(max > LARGEST ? LARGEST : max),
});
