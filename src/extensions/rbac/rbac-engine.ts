import type { RbacData } from "./rbac-data.ts";
import { createRbacRule, type RbacRule } from "./rbac-rule.ts";
import type { RbacSubject } from "./rbac-subject.ts";

/** What an engine has decided. */
export interface RbacDecision {
  readonly allowed: boolean;
  /** The policy that matched; `""` if none did. */
  readonly policy: string;
  /** For the action `log`: whether the subject is to be logged. */
  readonly shouldLog: boolean;
}

interface Policy {
  readonly permissions: RbacRule;
  readonly principals: RbacRule;
  /** Shared, so that deciding allocates nothing. */
  readonly decision: RbacDecision;
}

/**
 * Decides by policies who may do what. The first policy that matches counts. Stateless; serves all connections and requests of its worker.
 * Source: Envoy's `RoleBasedAccessControlEngineImpl`.
 */
export class RbacEngine {
  readonly #policies: readonly Policy[];
  readonly #noMatch: RbacDecision;

  /** `data` is checked already: throws on a bad regex. */
  constructor({ action, policies }: RbacData) {
    this.#noMatch = { allowed: action !== "allow", policy: "", shouldLog: false };
    this.#policies = policies.map(({ name, permissions, principals }) => ({
      permissions: createRbacRule(permissions),
      principals: createRbacRule(principals),
      decision: { allowed: action !== "deny", policy: name, shouldLog: action === "log" },
    }));
  }

  decide(subject: RbacSubject): RbacDecision {
    for (const { permissions, principals, decision } of this.#policies) {
      if (permissions(subject) && principals(subject)) return decision;
    }
    return this.#noMatch;
  }
}

/** The details of a denial, in Envoy's words; white space can't stand in details. */
export function rbacDenialDetails(decision: RbacDecision): string {
  const policy = decision.policy === "" ? "none" : decision.policy.replace(/\s/g, "_");
  return `rbac_access_denied_matched_policy[${policy}]`;
}
