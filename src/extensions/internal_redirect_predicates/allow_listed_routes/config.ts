import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { AllowListedRoutesConfigSchema } from "../../../proto/gen/envoy/extensions/internal_redirect/allow_listed_routes/v3/allow_listed_routes_config_pb.js";
import type { AllowListedRoutesData } from "../../../route/internal-redirect-data.ts";

/** Redirects are followed only to routes of these names. The router knows what to do. */
export const allowListedRoutesConfig = extensionConfig({
  name: "envoy.internal_redirect_predicates.allow_listed_routes",
  categories: ["envoy.internal_redirect_predicates"],
  schema: AllowListedRoutesConfigSchema,
  support: [supportAll(AllowListedRoutesConfigSchema)],
  compile: (message): AllowListedRoutesData => ({ names: message.allowedRouteNames }),
});
