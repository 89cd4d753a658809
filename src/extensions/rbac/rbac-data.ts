import type { HeaderMatcherData } from "../../match/header-matcher.ts";
import type { CidrData } from "../../match/ip-prefix-table.ts";
import type { MatchTreeData } from "../../match/match-tree.ts";
import type { MetadataMatcherData } from "../../match/metadata-matcher.ts";
import type { StringMatcherData } from "../../match/string-matcher.ts";
import type { MatchInputData } from "./match-input.ts";

/** Which address of a connection or request a rule looks at; see `RbacSubject`. */
export type RbacAddress = "destination" | "connectionRemote" | "directRemote" | "remote";

/** One permission or principal, as plain data. */
export type RbacRuleData =
  | { readonly type: "any" }
  | { readonly type: "and" | "or"; readonly rules: readonly RbacRuleData[] }
  | { readonly type: "not"; readonly rule: RbacRuleData }
  | { readonly type: "header"; readonly matcher: HeaderMatcherData }
  /** The path without query and fragment. */
  | { readonly type: "path"; readonly matcher: StringMatcherData }
  | { readonly type: "ip"; readonly address: RbacAddress; readonly range: CidrData }
  /** A destination port in [start, end). */
  | { readonly type: "port"; readonly start: number; readonly end: number }
  | { readonly type: "metadata"; readonly matcher: MetadataMatcherData }
  | { readonly type: "filterState"; readonly key: string; readonly matcher: StringMatcherData }
  | { readonly type: "serverName"; readonly matcher: StringMatcherData }
  /** `matcher` null: any peer over TLS. */
  | { readonly type: "authenticated"; readonly matcher: StringMatcherData | null };

/** A named policy: it matches if one of its permissions and one of its principals do. */
export interface RbacPolicyData {
  readonly name: string;
  readonly permissions: RbacRuleData;
  readonly principals: RbacRuleData;
}

/** What a branch of a match tree leads to. Plain data. */
export interface RbacActionData {
  /** Counts as the policy that matched. */
  readonly name: string;
  readonly action: "allow" | "deny" | "log";
}

/** A match tree in place of policies, as plain data. */
export interface RbacTreeData {
  readonly type: "tree";
  readonly tree: MatchTreeData<MatchInputData, RbacActionData>;
  /** Whether one of its actions is `log`. */
  readonly logs: boolean;
}

/** Envoy's `config.rbac.v3.RBAC` as plain data. */
export interface RbacData {
  readonly type: "policies";
  /** `log` allows everything and only says what matched. */
  readonly action: "allow" | "deny" | "log";
  /** In the order of their names, which is the order in which they are asked. */
  readonly policies: readonly RbacPolicyData[];
}
