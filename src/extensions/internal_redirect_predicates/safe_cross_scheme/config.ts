import { extensionConfig } from "../../../config/extension-config.ts";
import { support } from "../../../config/field-support.ts";
import { SafeCrossSchemeConfigSchema } from "../../../proto/gen/envoy/extensions/internal_redirect/safe_cross_scheme/v3/safe_cross_scheme_config_pb.js";

/** Redirects from http to https are not followed, those from https to http are. The router knows what to do. */
export const safeCrossSchemeConfig = extensionConfig({
  name: "envoy.internal_redirect_predicates.safe_cross_scheme",
  categories: ["envoy.internal_redirect_predicates"],
  schema: SafeCrossSchemeConfigSchema,
  support: [support(SafeCrossSchemeConfigSchema, {})],
  compile: () => null,
});
