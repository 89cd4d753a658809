import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type CorsPolicy,
  CorsPolicySchema,
  CorsSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js";
import { compileStringMatcher } from "../../../route/compile/matchers.ts";
import { compileRuntimeFraction } from "../../../route/compile/route-match.ts";
import type { CorsPolicyData } from "./cors-policy.ts";

/** `envoy.filters.http.cors`, main side: the policies are those of the routes. */
export const corsConfig = extensionConfig({
  name: "envoy.filters.http.cors",
  categories: ["envoy.filters.http"],
  schema: CorsSchema,
  routeSchema: CorsPolicySchema,
  support: [supportAll(CorsSchema), supportAll(CorsPolicySchema)],
  compile: () => null,
  compileRoute: compilePolicy,
});

function compilePolicy(message: CorsPolicy, place: Place, context: CompileContext): CorsPolicyData {
  const { filterEnabled, shadowEnabled } = message;
  const at = place.field("allow_origin_string_match");
  return {
    allowOrigins: message.allowOriginStringMatch.map((matcher, i) =>
      compileStringMatcher(matcher, at.index(i), context),
    ),
    allowMethods: message.allowMethods,
    allowHeaders: message.allowHeaders,
    exposeHeaders: message.exposeHeaders,
    maxAge: message.maxAge,
    allowCredentials: message.allowCredentials,
    allowPrivateNetworkAccess: message.allowPrivateNetworkAccess,
    forwardNotMatchingPreflights: message.forwardNotMatchingPreflights,
    enabled: filterEnabled === undefined ? null : compileRuntimeFraction(filterEnabled),
    shadowEnabled: shadowEnabled === undefined ? null : compileRuntimeFraction(shadowEnabled),
  };
}
