import { HeaderMatcher } from "../../../../match/header-matcher.ts";
import { retryOnOf } from "../../../../route/retry-on.ts";
import type {
  PreviousPrioritiesData,
  RateLimitedBackOffData,
  RetryPolicyData,
} from "../../../../route/retry-policy-data.ts";
import { type HostPredicate, hostPredicates } from "./host-predicates.ts";

/** A route's retry policy, made ready for use. Immutable; one per route and worker. */
export class RetryPolicy {
  /** Bits of `RetryOn`. */
  readonly retryOn: number;
  readonly numRetries: number;
  /** 0 = off. */
  readonly perTryTimeoutMs: number;
  /** 0 = off. */
  readonly perTryIdleTimeoutMs: number;
  readonly backOffBaseMs: number;
  readonly backOffMaxMs: number;
  readonly rateLimitedBackOff: RateLimitedBackOffData | null;
  readonly retriableStatusCodes: ReadonlySet<number>;
  readonly retriableHeaders: readonly HeaderMatcher[];
  /** Each says which hosts a retry must not go to. */
  readonly hostPredicates: readonly HostPredicate[];
  /** How often another host is asked for before one is taken that the predicates refuse. */
  readonly hostSelectionMaxAttempts: number;
  /** After how many attempts the priorities that they went to are left out; 0 = never. */
  readonly priorityUpdateFrequency: number;
  /** If there are any, only requests that match one of them are retried. */
  readonly retriableRequestHeaders: readonly HeaderMatcher[];

  constructor(data: RetryPolicyData) {
    this.retryOn = retryOnOf(data.retryOn);
    this.numRetries = data.numRetries;
    this.perTryTimeoutMs = data.perTryTimeoutMs;
    this.perTryIdleTimeoutMs = data.perTryIdleTimeoutMs;
    this.backOffBaseMs = data.backOffBaseMs;
    this.backOffMaxMs = data.backOffMaxMs;
    this.rateLimitedBackOff = data.rateLimitedBackOff;
    this.retriableStatusCodes = new Set(data.retriableStatusCodes);
    this.retriableHeaders = data.retriableHeaders.map((matcher) => new HeaderMatcher(matcher));
    this.hostPredicates = hostPredicates(data.hostPredicates);
    this.hostSelectionMaxAttempts = data.hostSelectionMaxAttempts;
    const priorities = data.priority === null ? null : (data.priority.data as PreviousPrioritiesData);
    this.priorityUpdateFrequency = priorities === null ? 0 : priorities.updateFrequency;
    this.retriableRequestHeaders = data.retriableRequestHeaders.map((matcher) => new HeaderMatcher(matcher));
  }
}

const policies = new WeakMap<RetryPolicyData, RetryPolicy>();

/** The policy made of `data`, once for each. */
export function retryPolicyOf(data: RetryPolicyData): RetryPolicy {
  let policy = policies.get(data);
  if (policy === undefined) {
    policy = new RetryPolicy(data);
    policies.set(data, policy);
  }
  return policy;
}

/** For requests that ask for retries on a route without a policy. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = new RetryPolicy({
  retryOn: [],
  numRetries: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  hostPredicates: [],
  priority: null,
  hostSelectionMaxAttempts: 1,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backOffBaseMs: 25,
  backOffMaxMs: 250,
  rateLimitedBackOff: null,
});
