import type { TokenBucketSettings } from "../../../base/shared-token-bucket.ts";

/** Envoy's network `LocalRateLimit`, checked. Plain data. */
export interface LocalRateLimitData {
  readonly statPrefix: string;
  readonly settings: TokenBucketSettings;
  readonly enabled: boolean;
  /** Name of the `tokenBucket` resource. */
  readonly bucket: string;
}
