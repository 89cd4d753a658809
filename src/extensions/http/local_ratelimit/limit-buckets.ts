import type { TokenBucketSettings } from "../../../base/shared-token-bucket.ts";
import type { RateLimitDescriptor } from "../../../route/rate-limit-policy.ts";
import type { TokenBucket } from "../../../upstream/shared-limits.ts";
import { descriptorKey } from "./descriptor-key.ts";
import type { LocalRateLimitData } from "./local-rate-limit-data.ts";

/** A bucket with what it is filled by. */
export interface LimitBucket {
  readonly bucket: TokenBucket;
  readonly settings: TokenBucketSettings;
}

/** Whether a request may go on, and the bucket to tell of; null = nothing limits it. */
export interface LimitVerdict {
  readonly allowed: boolean;
  readonly of: LimitBucket | null;
}

/** Makes the bucket `name` (`""`: one that nobody else has). */
export type BucketSource = (name: string, settings: TokenBucketSettings) => TokenBucket;

/** The buckets of one limit: the default one and those of descriptors. Source: Envoy's `LocalRateLimiterImpl::requestAllowed`. */
export class LimitBuckets {
  readonly #default: LimitBucket | null;
  readonly #byDescriptor = new Map<string, LimitBucket>();
  readonly #alwaysTakesDefault: boolean;

  constructor(data: LocalRateLimitData, source: BucketSource) {
    const { settings } = data;
    this.#default = settings === null ? null : { bucket: source(data.bucket, settings), settings };
    for (const { entries, settings, bucket } of data.descriptors) {
      this.#byDescriptor.set(descriptorKey(entries), { bucket: source(bucket, settings), settings });
    }
    this.#alwaysTakesDefault = data.alwaysTakesFromBucket;
  }

  /** Whether descriptors matter. */
  get hasDescriptors(): boolean {
    return this.#byDescriptor.size > 0;
  }

  /** Takes `cost` tokens of each bucket that counts the request, the slowest first, until one has too few. */
  take(descriptors: readonly RateLimitDescriptor[], cost: number): LimitVerdict {
    const matched = this.#matched(descriptors);
    for (const limit of matched) if (!limit.bucket.tryTake(cost)) return { allowed: false, of: limit };
    const first = matched.length === 0 ? this.#default : matched[0]!;
    const takesDefault = matched.length === 0 || this.#alwaysTakesDefault;
    if (takesDefault && this.#default !== null && !this.#default.bucket.tryTake(cost)) {
      return { allowed: false, of: this.#default };
    }
    return { allowed: true, of: first };
  }

  #matched(descriptors: readonly RateLimitDescriptor[]): readonly LimitBucket[] {
    if (descriptors.length === 0) return [];
    const matched: LimitBucket[] = [];
    for (const { entries } of descriptors) {
      const limit = this.#byDescriptor.get(descriptorKey(entries));
      if (limit !== undefined) matched.push(limit);
    }
    return matched.sort((a, b) => fillRate(a.settings) - fillRate(b.settings));
  }
}

function fillRate({ tokensPerFill, fillIntervalMs }: TokenBucketSettings): number {
  return tokensPerFill / fillIntervalMs;
}
