import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import {
  RBAC_EnforcementType,
  RBACSchema,
} from "../../../proto/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js";
import { compileRbacRules, rbacSupport } from "../../rbac/config.ts";
import type { RbacFilterData } from "./rbac-filter-data.ts";

/** `envoy.filters.network.rbac`, main side. */
export const rbacConfig = extensionConfig({
  name: "envoy.filters.network.rbac",
  categories: ["envoy.filters.network"],
  schema: RBACSchema,
  configRequired: true,
  support: [supportAll(RBACSchema), ...rbacSupport],
  compile: ({ rules, matcher, shadowRules, shadowMatcher, ...message }, place, context): RbacFilterData => ({
    statPrefix: message.statPrefix,
    shadowRulesStatPrefix: message.shadowRulesStatPrefix,
    rules: compileRbacRules({ rules, matcher }, ["rules", "matcher"], "connection", place, context),
    shadowRules: compileRbacRules(
      { rules: shadowRules, matcher: shadowMatcher },
      ["shadow_rules", "shadow_matcher"],
      "connection",
      place,
      context,
    ),
    continuous: message.enforcementType === RBAC_EnforcementType.CONTINUOUS,
  }),
});
