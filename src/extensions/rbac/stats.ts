import type { Counter, StatsScope } from "../../stats/scope.ts";

/** The handles of one RBAC filter; Envoy's names in the strings below. */
export interface RbacStats {
  readonly allowed: Counter;
  readonly denied: Counter;
  readonly shadowAllowed: Counter;
  readonly shadowDenied: Counter;
}

/** `scope` is what `rbac.` stands behind. */
export function rbacStats(scope: StatsScope, rulesPrefix: string, shadowRulesPrefix: string): RbacStats {
  const rules = rbacStatPrefix(rulesPrefix);
  const shadowRules = rbacStatPrefix(shadowRulesPrefix);
  return {
    allowed: scope.counter(`${rules}.allowed`),
    denied: scope.counter(`${rules}.denied`),
    shadowAllowed: scope.counter(`${shadowRules}.shadow_allowed`),
    shadowDenied: scope.counter(`${shadowRules}.shadow_denied`),
  };
}

/** `rbac`, with a `rules_stat_prefix` behind it if there is one; a dot at its end counts as the one that follows, as in Envoy. */
export function rbacStatPrefix(rulesPrefix: string): string {
  return rulesPrefix === "" ? "rbac" : `rbac.${rulesPrefix.replace(/\.$/, "")}`;
}
