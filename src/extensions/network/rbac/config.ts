import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, supportAll } from "../../../config/field-support.ts";
import {
  RBAC_EnforcementType,
  RBACSchema,
} from "../../../proto/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js";
import { compileRbac, rbacSupport } from "../../rbac/config.ts";
import type { RbacFilterData } from "./rbac-filter-data.ts";

/** `envoy.filters.network.rbac`, main side. */
export const rbacConfig = extensionConfig({
  name: "envoy.filters.network.rbac",
  categories: ["envoy.filters.network"],
  schema: RBACSchema,
  configRequired: true,
  support: [supportAll(RBACSchema, { matcher: notYet(), shadow_matcher: notYet() }), ...rbacSupport],
  compile: ({ rules, shadowRules, ...message }, place, context): RbacFilterData => ({
    statPrefix: message.statPrefix,
    shadowRulesStatPrefix: message.shadowRulesStatPrefix,
    rules: rules === undefined ? null : compileRbac(rules, "connection", place.field("rules"), context),
    shadowRules:
      shadowRules === undefined ? null : compileRbac(shadowRules, "connection", place.field("shadow_rules"), context),
    continuous: message.enforcementType === RBAC_EnforcementType.CONTINUOUS,
  }),
});
