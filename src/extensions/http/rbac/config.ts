import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type RBAC,
  RBACPerRouteSchema,
  RBACSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js";
import { compileRbacRules, rbacSupport } from "../../rbac/config.ts";
import type { RbacFilterData } from "./rbac-filter-data.ts";

/** `envoy.filters.http.rbac`, main side. */
export const rbacConfig = extensionConfig({
  name: "envoy.filters.http.rbac",
  categories: ["envoy.filters.http"],
  schema: RBACSchema,
  routeSchema: RBACPerRouteSchema,
  support: [supportAll(RBACSchema), supportAll(RBACPerRouteSchema), ...rbacSupport],
  compile: compileFilter,
  compileRoute: ({ rbac }, place, context): RbacFilterData =>
    rbac === undefined
      ? { rulesStatPrefix: "", shadowRulesStatPrefix: "", countsPolicies: false, rules: null, shadowRules: null }
      : compileFilter(rbac, place.field("rbac"), context),
});

function compileFilter(message: RBAC, place: Place, context: CompileContext): RbacFilterData {
  const { rules, matcher, shadowRules, shadowMatcher } = message;
  const shadow = { rules: shadowRules, matcher: shadowMatcher };
  return {
    rulesStatPrefix: message.rulesStatPrefix,
    shadowRulesStatPrefix: message.shadowRulesStatPrefix,
    countsPolicies: message.trackPerRuleStats,
    rules: compileRbacRules({ rules, matcher }, ["rules", "matcher"], "request", place, context),
    shadowRules: compileRbacRules(shadow, ["shadow_rules", "shadow_matcher"], "request", place, context),
  };
}
