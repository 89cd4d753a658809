import type { TokenBucketSettings } from "../../../base/shared-token-bucket.ts";
import type { HeaderMutationsData } from "../../../route/header-mutations.ts";
import type { RateLimitData } from "../../../route/rate-limit-data.ts";
import type { VirtualHostRateLimits } from "../../../route/rate-limit-descriptors.ts";
import type { RateLimitEntry } from "../../../route/rate-limit-policy.ts";
import type { FractionData } from "../../../route/route-table-data.ts";

/** A limit for requests with one descriptor. */
export interface LocalDescriptorData {
  /** At least one. A value `""` is any value, and each has a bucket of its own. */
  readonly entries: readonly RateLimitEntry[];
  readonly settings: TokenBucketSettings;
  /** As `LocalRateLimitData.bucket`; for entries with any value as many as are remembered. Empty: each connection has its own. */
  readonly buckets: readonly string[];
}

/** Envoy's HTTP `LocalRateLimit`, checked: of a filter or of a route. Plain data. */
export interface LocalRateLimitData {
  readonly statPrefix: string;
  readonly status: number;
  /** Null: nothing is limited. */
  readonly settings: TokenBucketSettings | null;
  /** Name of the `tokenBucket` resource that all workers share; `""`: each connection has a bucket of its own. */
  readonly bucket: string;
  readonly descriptors: readonly LocalDescriptorData[];
  /** Of the route's `rate_limits`, those of this stage give the descriptors. */
  readonly stage: number;
  readonly ofVirtualHost: VirtualHostRateLimits;
  /** The filter's own; empty = those of routes and virtual hosts count. */
  readonly rateLimits: readonly RateLimitData[];
  /** A request takes a token of this bucket also if it has taken one for a descriptor. */
  readonly alwaysTakesFromBucket: boolean;
  readonly enabled: FractionData;
  readonly enforced: FractionData;
  /** For requests that go on although the bucket is empty. */
  readonly requestHeaders: HeaderMutationsData;
  /** For the answers of the filter. */
  readonly responseHeaders: HeaderMutationsData;
  /** Write `x-ratelimit-…` headers. */
  readonly tellsRemaining: boolean;
  /** The cluster of proxies that share the limit evenly; `""` = it is this one's alone. */
  readonly localCluster: string;
  /** gRPC status RESOURCE_EXHAUSTED instead of UNAVAILABLE. */
  readonly asResourceExhausted: boolean;
}
