import { compileDataSource, dataSourceSupport } from "../../../config/data-source.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { ConfigSchema } from "../../../proto/gen/envoy/extensions/filters/network/direct_response/v3/config_pb.js";

/** Larger answers don't belong into a configuration. */
const LIMIT_BYTES = 1024 * 1024;

/** `envoy.filters.network.direct_response`, main side. Compiles to the bytes of the answer. */
export const directResponseConfig = extensionConfig({
  name: "envoy.filters.network.direct_response",
  categories: ["envoy.filters.network"],
  schema: ConfigSchema,
  support: [supportAll(ConfigSchema), ...dataSourceSupport],
  terminal: true,
  compile: ({ response }, place, context): Uint8Array =>
    response === undefined
      ? new Uint8Array()
      : compileDataSource(response, LIMIT_BYTES, place.field("response"), context),
});
