import type { Counter, StatsScope } from "../../../stats/scope.ts";
import { type RbacStats, rbacStats } from "../../rbac/stats.ts";

/** The handles of one HTTP RBAC filter. */
export interface HttpRbacStats extends RbacStats {
  readonly logged: Counter;
  readonly notLogged: Counter;
}

/** `scope` is `http.<stat_prefix>`; the rules' prefixes stand before the last word as they are. */
export function httpRbacStats(scope: StatsScope, rulesPrefix: string, shadowRulesPrefix: string): HttpRbacStats {
  return {
    ...rbacStats(scope, rulesPrefix, shadowRulesPrefix),
    logged: scope.counter(`rbac.${rulesPrefix}logged`),
    notLogged: scope.counter(`rbac.${rulesPrefix}not_logged`),
  };
}
