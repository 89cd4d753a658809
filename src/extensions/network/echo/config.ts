import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { EchoSchema } from "../../../proto/gen/envoy/extensions/filters/network/echo/v3/echo_pb.js";

/** `envoy.filters.network.echo`, main side. */
export const echoConfig = extensionConfig({
  name: "envoy.filters.network.echo",
  categories: ["envoy.filters.network"],
  schema: EchoSchema,
  support: [supportAll(EchoSchema)],
  terminal: true,
  compile: () => null,
});
