import type { TokenBucketSettings } from "../../../base/shared-token-bucket.ts";
import type { RateLimitDescriptor } from "../../../route/rate-limit-policy.ts";
import type { KeyedTokenBuckets } from "../../../upstream/limits/keyed-token-buckets.ts";
import type { TokenBucket } from "../../../upstream/limits/token-bucket.ts";
import { descriptorKey } from "./descriptor-key.ts";
import type { LimitBucket } from "./limit-bucket.ts";
import type { LocalRateLimitData } from "./local-rate-limit-data.ts";
import { WildcardLimit } from "./wildcard-limit.ts";

/** Whether a request may go on, and the bucket to tell of; null = nothing limits it. */
export interface LimitVerdict {
  readonly allowed: boolean;
  readonly of: LimitBucket | null;
}

/** Where buckets come from. */
export interface BucketSource {
  /** The bucket `name`; undefined: one that nobody else has. */
  bucket(name: string | undefined, settings: TokenBucketSettings): TokenBucket;
  keyed(names: readonly string[], settings: TokenBucketSettings): KeyedTokenBuckets;
}

/** The buckets of one limit: the default one and those of descriptors. Source: Envoy's `LocalRateLimiterImpl::requestAllowed`. */
export class LimitBuckets {
  readonly #default: LimitBucket | null;
  readonly #byDescriptor = new Map<string, LimitBucket>();
  readonly #wildcards: WildcardLimit[] = [];
  readonly #alwaysTakesDefault: boolean;

  constructor(data: LocalRateLimitData, source: BucketSource) {
    const { settings } = data;
    this.#default = settings === null ? null : { bucket: source.bucket(data.bucket, settings), settings };
    for (const { entries, settings, buckets } of data.descriptors) {
      if (entries.some(({ value }) => value === "")) {
        this.#wildcards.push(new WildcardLimit(entries, settings, source.keyed(buckets, settings)));
      } else {
        this.#byDescriptor.set(descriptorKey(entries), { bucket: source.bucket(buckets[0], settings), settings });
      }
    }
    this.#alwaysTakesDefault = data.alwaysTakesFromBucket;
  }

  /** Whether descriptors matter. */
  get hasDescriptors(): boolean {
    return this.#byDescriptor.size + this.#wildcards.length > 0;
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
    for (const descriptor of descriptors) {
      const limit = this.#byDescriptor.get(descriptorKey(descriptor.entries)) ?? this.#wildcard(descriptor);
      if (limit !== undefined) matched.push(limit);
    }
    return matched.sort((a, b) => fillRate(a.settings) - fillRate(b.settings));
  }

  #wildcard(descriptor: RateLimitDescriptor): LimitBucket | undefined {
    for (const wildcard of this.#wildcards) {
      const limit = wildcard.of(descriptor);
      if (limit !== undefined) return limit;
    }
    return undefined;
  }
}

function fillRate({ tokensPerFill, fillIntervalMs }: TokenBucketSettings): number {
  return tokensPerFill / fillIntervalMs;
}
