import type { TokenBucketSettings } from "../../../base/shared-token-bucket.ts";
import type { RuntimeFlagData } from "../../../runtime/runtime.ts";

/** Envoy's listener `LocalRateLimit`, checked. Plain data. */
export interface ListenerRateLimitData {
  readonly statPrefix: string;
  readonly settings: TokenBucketSettings;
  readonly enabled: RuntimeFlagData;
  /** Name of the `tokenBucket` resource. */
  readonly bucket: string;
}
