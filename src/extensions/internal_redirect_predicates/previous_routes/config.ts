import { extensionConfig } from "../../../config/extension-config.ts";
import { support } from "../../../config/field-support.ts";
import { PreviousRoutesConfigSchema } from "../../../proto/gen/envoy/extensions/internal_redirect/previous_routes/v3/previous_routes_config_pb.js";

/** A redirect is not followed to a route that one of the same route has led to before. The router knows what to do. */
export const previousRoutesConfig = extensionConfig({
  name: "envoy.internal_redirect_predicates.previous_routes",
  categories: ["envoy.internal_redirect_predicates"],
  schema: PreviousRoutesConfigSchema,
  support: [support(PreviousRoutesConfigSchema, {})],
  compile: () => null,
});
