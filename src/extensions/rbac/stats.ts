import type { Counter, StatsScope } from "../../stats/scope.ts";

/** The handles of one RBAC filter; Envoy's names in the strings below. */
export interface RbacStats {
  readonly allowed: Counter;
  readonly denied: Counter;
  readonly shadowAllowed: Counter;
  readonly shadowDenied: Counter;
}

/** `scope` is what `rbac.` stands behind; the prefixes go before the last word as they are, without a dot, as in Envoy. */
export function rbacStats(scope: StatsScope, rulesPrefix: string, shadowRulesPrefix: string): RbacStats {
  const counter = (name: string): Counter => scope.counter(`rbac.${name}`);
  return {
    allowed: counter(`${rulesPrefix}allowed`),
    denied: counter(`${rulesPrefix}denied`),
    shadowAllowed: counter(`${shadowRulesPrefix}shadow_allowed`),
    shadowDenied: counter(`${shadowRulesPrefix}shadow_denied`),
  };
}
