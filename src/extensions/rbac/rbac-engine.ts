import { createMatchTree } from "../../match/match-tree.ts";
import { createMatchInput } from "./match-input.ts";
import type { RbacData, RbacTreeData } from "./rbac-data.ts";
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

/** Decides who may do what. Stateless; serves all connections and requests of its worker. */
export interface RbacEngine {
  /** Whether its decisions say what is to be logged. */
  readonly logs: boolean;
  decide(subject: RbacSubject): RbacDecision;
}

/** Makes the engine of policies or a match tree. `data` is checked already: throws on a bad regex. */
export function createRbacEngine(data: RbacData | RbacTreeData): RbacEngine {
  return data.type === "tree" ? createTreeEngine(data) : new PolicyEngine(data);
}

const NO_MATCH: RbacDecision = { allowed: false, policy: "", shouldLog: false };

/** As Envoy's: what no branch takes is denied. */
function createTreeEngine({ tree, logs }: RbacTreeData): RbacEngine {
  const find = createMatchTree(tree, createMatchInput);
  return {
    logs,
    decide: (subject) => {
      const found = find(subject);
      if (found === null) return NO_MATCH;
      return { allowed: found.action !== "deny", policy: found.name, shouldLog: found.action === "log" };
    },
  };
}

/**
 * Decides by policies: the first policy that matches counts. Source: Envoy's `RoleBasedAccessControlEngineImpl`.
 */
class PolicyEngine implements RbacEngine {
  readonly logs: boolean;
  readonly #policies: readonly Policy[];
  readonly #noMatch: RbacDecision;

  constructor({ action, policies }: RbacData) {
    this.logs = action === "log";
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
