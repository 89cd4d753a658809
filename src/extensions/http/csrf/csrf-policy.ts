import { createStringMatcher, type StringMatcher, type StringMatcherData } from "../../../match/string-matcher.ts";
import type { FractionData } from "../../../route/route-table-data.ts";

/** Envoy's `CsrfPolicy`, checked. Plain data. */
export interface CsrfPolicyData {
  readonly enabled: FractionData;
  readonly shadowEnabled: FractionData;
  readonly additionalOrigins: readonly StringMatcherData[];
}

/** A policy on a worker: of a filter or of a route. Immutable. */
export interface CsrfPolicy {
  readonly enabled: FractionData;
  readonly shadowEnabled: FractionData;
  /** Origins (`host:port`) that are as good as the target's own. */
  readonly additionalOrigins: readonly StringMatcher[];
}

/** Makes the policy; `data` is checked already. */
export function createCsrfPolicy({ enabled, shadowEnabled, additionalOrigins }: CsrfPolicyData): CsrfPolicy {
  return { enabled, shadowEnabled, additionalOrigins: additionalOrigins.map(createStringMatcher) };
}
