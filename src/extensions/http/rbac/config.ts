import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type RBAC,
  RBACPerRouteSchema,
  RBACSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js";
import { compileRbac, rbacSupport } from "../../rbac/config.ts";
import type { RbacFilterData } from "./rbac-filter-data.ts";

const NO_TREES = notYet("there are no match trees", "write rules or shadow_rules");

/** `envoy.filters.http.rbac`, main side. */
export const rbacConfig = extensionConfig({
  name: "envoy.filters.http.rbac",
  categories: ["envoy.filters.http"],
  schema: RBACSchema,
  routeSchema: RBACPerRouteSchema,
  support: [
    supportAll(RBACSchema, { matcher: NO_TREES, shadow_matcher: NO_TREES }),
    supportAll(RBACPerRouteSchema),
    ...rbacSupport,
  ],
  compile: compileFilter,
  compileRoute: ({ rbac }, place, context): RbacFilterData =>
    rbac === undefined
      ? { rulesStatPrefix: "", shadowRulesStatPrefix: "", countsPolicies: false, rules: null, shadowRules: null }
      : compileFilter(rbac, place.field("rbac"), context),
});

function compileFilter(message: RBAC, place: Place, context: CompileContext): RbacFilterData {
  const { rules, shadowRules } = message;
  return {
    rulesStatPrefix: message.rulesStatPrefix,
    shadowRulesStatPrefix: message.shadowRulesStatPrefix,
    countsPolicies: message.trackPerRuleStats,
    rules: rules === undefined ? null : compileRbac(rules, "request", place.field("rules"), context),
    shadowRules:
      shadowRules === undefined ? null : compileRbac(shadowRules, "request", place.field("shadow_rules"), context),
  };
}
