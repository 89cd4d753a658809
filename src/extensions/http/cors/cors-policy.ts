import { createStringMatcher, type StringMatcher, type StringMatcherData } from "../../../match/string-matcher.ts";
import type { FractionData } from "../../../route/route-table-data.ts";

/** Envoy's `CorsPolicy`, checked. Plain data; an empty text or undefined leaves the field to the next level up. */
export interface CorsPolicyData {
  readonly allowOrigins: readonly StringMatcherData[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean | undefined;
  readonly allowPrivateNetworkAccess: boolean | undefined;
  readonly forwardNotMatchingPreflights: boolean | undefined;
  /** Null = always. */
  readonly enabled: FractionData | null;
  /** Null = never. */
  readonly shadowEnabled: FractionData | null;
}

/** One level's policy on a worker. Immutable. */
export interface CorsPolicy {
  readonly data: CorsPolicyData;
  readonly origins: readonly StringMatcher[];
}

/** Makes the policy; `data` is checked already. */
export function createCorsPolicy(data: CorsPolicyData): CorsPolicy {
  return { data, origins: data.allowOrigins.map(createStringMatcher) };
}

/**
 * The value of one field: that of the most specific level which has one. `levels` have the most general first.
 */
export function corsField<Name extends keyof CorsPolicyData>(
  levels: readonly CorsPolicy[],
  name: Name,
): CorsPolicyData[Name] | undefined {
  for (let i = levels.length - 1; i >= 0; i--) {
    const value = levels[i]!.data[name];
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** Whether some matcher of the most specific level that has matchers knows the origin; a matcher of `*` knows all. */
export function allowsOrigin(levels: readonly CorsPolicy[], origin: string): boolean {
  for (let i = levels.length - 1; i >= 0; i--) {
    const { origins } = levels[i]!;
    if (origins.length > 0) return origins.some((matcher) => matcher.matches("*") || matcher.matches(origin));
  }
  return false;
}
