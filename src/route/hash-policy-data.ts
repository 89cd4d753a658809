import type { RegexRewriteData } from "../match/regex-rewrite.ts";

/** One entry of a route's `hash_policy`: what a consistent-hash load balancer hashes. Plain data. */
export type HashPolicyData = HashPolicySourceData & {
  /** If this entry gave a hash, the ones after it are not looked at. */
  readonly terminal: boolean;
};

/** What of the request is hashed. */
export type HashPolicySourceData =
  | { readonly type: "header"; readonly name: string; readonly rewrite: RegexRewriteData | null }
  | {
      readonly type: "cookie";
      readonly name: string;
      /** Null: never make a cookie. 0: a session cookie. Otherwise its life in milliseconds. */
      readonly ttlMs: number | null;
      readonly path: string;
      readonly attributes: readonly { readonly name: string; readonly value: string }[];
    }
  | { readonly type: "source_ip" }
  | { readonly type: "query_parameter"; readonly name: string }
  | { readonly type: "filter_state"; readonly key: string };
