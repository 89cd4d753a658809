import type { TokenBucketSettings } from "../../../base/shared-token-bucket.ts";
import type { RateLimitDescriptor, RateLimitEntry } from "../../../route/rate-limit-policy.ts";
import type { KeyedTokenBuckets } from "../../../upstream/limits/keyed-token-buckets.ts";
import { descriptorKey } from "./descriptor-key.ts";
import type { LimitBucket } from "./limit-bucket.ts";

/** Buckets for all descriptors of one form: entries without value take any, and each combination of values has a bucket of its own. */
export class WildcardLimit {
  readonly #entries: readonly RateLimitEntry[];
  readonly #settings: TokenBucketSettings;
  readonly #buckets: KeyedTokenBuckets;

  constructor(entries: readonly RateLimitEntry[], settings: TokenBucketSettings, buckets: KeyedTokenBuckets) {
    this.#entries = entries;
    this.#settings = settings;
    this.#buckets = buckets;
  }

  /** The bucket of a descriptor; undefined if it is of another form. */
  of({ entries }: RateLimitDescriptor): LimitBucket | undefined {
    if (entries.length !== this.#entries.length) return undefined;
    for (const [i, { key, value }] of this.#entries.entries()) {
      const other = entries[i]!;
      if (other.key !== key || (value !== "" && other.value !== value)) return undefined;
    }
    return { bucket: this.#buckets.of(descriptorKey(entries)), settings: this.#settings };
  }
}
