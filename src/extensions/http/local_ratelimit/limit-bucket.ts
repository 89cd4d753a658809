import type { TokenBucketSettings } from "../../../base/shared-token-bucket.ts";
import type { TokenBucket } from "../../../upstream/limits/token-bucket.ts";

/** A bucket with what it is filled by. */
export interface LimitBucket {
  readonly bucket: TokenBucket;
  readonly settings: TokenBucketSettings;
}
