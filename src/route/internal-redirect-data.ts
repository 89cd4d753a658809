import type { CompiledExtension } from "../config/compile-context.ts";

/** Envoy's `InternalRedirectPolicy`, checked. Plain data; what it means is the router's business. */
export interface InternalRedirectData {
  /** Default 1. */
  readonly maxRedirects: number;
  /** Of 301, 302, 303, 307 and 308; default 302. */
  readonly statuses: readonly number[];
  /** Say which target routes are not followed, in order. */
  readonly predicates: readonly CompiledExtension[];
  readonly allowsCrossScheme: boolean;
  /** Lower case. Headers of the redirect that the next request gets, or loses if the redirect has none of the name. */
  readonly headersToCopy: readonly string[];
}

/** What `envoy.internal_redirect_predicates.allow_listed_routes` holds. */
export interface AllowListedRoutesData {
  readonly names: readonly string[];
}
