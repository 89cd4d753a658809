import type { CompiledExtension } from "../config/compile-context.ts";
import type { HeaderMatcherData } from "../match/header-matcher.ts";

/** Envoy's `RetryPolicy`, checked and with its defaults filled in. Plain data; what it means is the router's business. */
export interface RetryPolicyData {
  /** Words of `retry_on`, as written; unknown words mean nothing. */
  readonly retryOn: readonly string[];
  /** Default 1. */
  readonly numRetries: number;
  /** 0 = the route's timeout alone counts. */
  readonly perTryTimeoutMs: number;
  /** 0 = off. */
  readonly perTryIdleTimeoutMs: number;
  /** Say which hosts a retry must not go to (`envoy.retry_host_predicates.previous_hosts`, …), in order. */
  readonly hostPredicates: readonly CompiledExtension[];
  /** Which priorities a retry goes to (`envoy.retry_priorities.previous_priorities`); null = as any request. */
  readonly priority: CompiledExtension | null;
  /** How often the load balancer is asked again while the predicates refuse its pick. Default 1. */
  readonly hostSelectionMaxAttempts: number;
  readonly retriableStatusCodes: readonly number[];
  /** Response headers that make a response retriable, with `retriable-headers`. */
  readonly retriableHeaders: readonly HeaderMatcherData[];
  /** If not empty, only requests that match one of them are retried. */
  readonly retriableRequestHeaders: readonly HeaderMatcherData[];
  /** Default 25 ms. */
  readonly backOffBaseMs: number;
  /** Default ten times the base. */
  readonly backOffMaxMs: number;
  /** Back-off dictated by response headers; null if not configured. */
  readonly rateLimitedBackOff: RateLimitedBackOffData | null;
}

/** Of `envoy.retry_host_predicates.omit_host_metadata`: hosts with all of this (`envoy.lb`) are left out; empty = none is. */
export interface OmitHostMetadataData {
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Of `envoy.retry_priorities.previous_priorities`. */
export interface PreviousPrioritiesData {
  /** After how many attempts it is looked anew at which priorities have been tried. At least 1. */
  readonly updateFrequency: number;
}

/** Envoy's `RateLimitedRetryBackOff`. */
export interface RateLimitedBackOffData {
  readonly resetHeaders: readonly { readonly name: string; readonly format: "seconds" | "unix_timestamp" }[];
  /** Default 300 s; a header that asks for more is ignored. */
  readonly maxIntervalMs: number;
}
