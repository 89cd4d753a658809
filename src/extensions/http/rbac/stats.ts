import type { Counter, StatsScope } from "../../../stats/scope.ts";
import { type RbacStats, rbacStatPrefix, rbacStats } from "../../rbac/stats.ts";
import { PolicyStats } from "./policy-stats.ts";

/** The handles of one HTTP RBAC filter. */
export interface HttpRbacStats extends RbacStats {
  readonly logged: Counter;
  readonly notLogged: Counter;
  readonly policies: PolicyStats;
  readonly shadowPolicies: PolicyStats;
}

/** `scope` is `http.<stat_prefix>`. */
export function httpRbacStats(scope: StatsScope, rulesPrefix: string, shadowRulesPrefix: string): HttpRbacStats {
  const rules = rbacStatPrefix(rulesPrefix);
  const shadowRules = rbacStatPrefix(shadowRulesPrefix);
  return {
    ...rbacStats(scope, rulesPrefix, shadowRulesPrefix),
    logged: scope.counter(`${rules}.logged`),
    notLogged: scope.counter(`${rules}.not_logged`),
    policies: new PolicyStats(scope, `${rules}.policy`, ["allowed", "denied"]),
    shadowPolicies: new PolicyStats(scope, `${shadowRules}.policy`, ["shadow_allowed", "shadow_denied"]),
  };
}
