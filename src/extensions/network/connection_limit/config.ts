import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { compileFeatureFlag, runtimeFeatureFlagSupport } from "../../../config/runtime-feature-flag.ts";
import { ConnectionLimitSchema } from "../../../proto/gen/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb.js";
import type { ConnectionLimitData } from "./connection-limit-data.ts";

/** Counts are 32 bits wide. */
const LARGEST = 0x7fff_ffffn;

/** `envoy.filters.network.connection_limit`, main side. */
export const connectionLimitConfig = extensionConfig({
  name: "envoy.filters.network.connection_limit",
  categories: ["envoy.filters.network"],
  schema: ConnectionLimitSchema,
  configRequired: true,
  support: [supportAll(ConnectionLimitSchema), ...runtimeFeatureFlagSupport],
  compile: (message, place, context): ConnectionLimitData => {
    const { statPrefix, maxConnections } = message;
    if (maxConnections === undefined) context.error(place.field("max_connections"), "is required");
    return {
      statPrefix,
      maxConnections: Number(maxConnections === undefined || maxConnections > LARGEST ? LARGEST : maxConnections),
      delayMs: durationMs(message.delay, 0),
      enabled: compileFeatureFlag(message.runtimeEnabled),
      count: context.addResource("sharedCount", `connection_limit/${statPrefix}`, null),
    };
  },
});
