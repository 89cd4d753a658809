import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { type CsrfPolicy, CsrfPolicySchema } from "../../../proto/gen/envoy/extensions/filters/http/csrf/v3/csrf_pb.js";
import { compileStringMatcher } from "../../../route/compile/matchers.ts";
import { compileRuntimeFraction } from "../../../route/compile/route-match.ts";
import type { CsrfPolicyData } from "./csrf-policy.ts";

/** `envoy.filters.http.csrf`, main side. */
export const csrfConfig = extensionConfig({
  name: "envoy.filters.http.csrf",
  categories: ["envoy.filters.http"],
  schema: CsrfPolicySchema,
  routeSchema: CsrfPolicySchema,
  configRequired: true,
  support: [supportAll(CsrfPolicySchema)],
  compile: compilePolicy,
  compileRoute: compilePolicy,
});

function compilePolicy(message: CsrfPolicy, place: Place, context: CompileContext): CsrfPolicyData {
  const { filterEnabled, shadowEnabled } = message;
  const at = place.field("additional_origins");
  return {
    enabled: compileRuntimeFraction(filterEnabled),
    shadowEnabled: compileRuntimeFraction(shadowEnabled),
    additionalOrigins: message.additionalOrigins.map((matcher, i) =>
      compileStringMatcher(matcher, at.index(i), context),
    ),
  };
}
