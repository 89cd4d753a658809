import type { RandomSource } from "../../../base/random.ts";
import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { FormatContext } from "../../../http/format/format-context.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import { isInFraction } from "../../../route/fraction.ts";
import { rateLimitDescriptors } from "../../../route/rate-limit-descriptors.ts";
import type { RateLimitDescriptor } from "../../../route/rate-limit-policy.ts";
import type { Route } from "../../../route/route.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { LimitBucket } from "./limit-bucket.ts";
import type { RateLimit } from "./rate-limit.ts";

const RESOURCE_EXHAUSTED = 8;
const NO_DESCRIPTORS: readonly RateLimitDescriptor[] = [];

/**
 * Lets a request through for each token of a bucket that all workers share, and answers the others (429, flag RL,
 * `local_rate_limited`). Requests
 * with descriptors of the route's `rate_limits` have buckets of their own. A route's limit takes the place of the filter's. Source: Envoy's HTTP local rate limit filter.
 */
export class LocalRateLimitFilter extends PassThroughFilter {
  #limit: RateLimit;
  readonly #random: RandomSource;
  readonly #runtime: Runtime;
  /** The bucket that decided over the request; null if none did. */
  #decided: LimitBucket | null = null;

  constructor(limit: RateLimit, random: RandomSource, runtime: Runtime) {
    super();
    this.#limit = limit;
    this.#random = random;
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { streamInfo } = this.decoder;
    const limit = (this.decoder.perFilterConfig() as RateLimit | undefined) ?? this.#limit;
    this.#limit = limit;
    const { data, stats } = limit;
    if (!isInFraction(this.#runtime.share(data.enabled), this.#random.uint32())) return FilterHeadersStatus.continue;
    stats.enabled.inc();
    const buckets = limit.buckets(streamInfo.connection);
    const verdict = buckets.take(buckets.hasDescriptors ? this.#descriptors(headers) : NO_DESCRIPTORS, limit.cost());
    this.#decided = verdict.of;
    if (verdict.allowed) {
      stats.ok.inc();
      return FilterHeadersStatus.continue;
    }
    stats.rateLimited.inc();
    if (!isInFraction(this.#runtime.share(data.enforced), this.#random.uint32())) {
      limit.requestHeaders.apply(headers, this.#format(headers, null));
      return FilterHeadersStatus.continue;
    }
    stats.enforced.inc();
    streamInfo.setResponseFlag(ResponseFlag.RL);
    this.decoder.sendLocalReply({
      status: data.status,
      body: "local_rate_limited",
      details: "local_rate_limited",
      modifyHeaders: (reply) => limit.responseHeaders.apply(reply, this.#format(headers, reply)),
      ...(data.asResourceExhausted && { grpcStatus: RESOURCE_EXHAUSTED }),
    });
    return FilterHeadersStatus.stopIteration;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    if (this.#decided === null || !this.#limit.data.tellsRemaining) return FilterHeadersStatus.continue;
    const { bucket, settings } = this.#decided;
    headers.add("x-ratelimit-limit", String(settings.maxTokens));
    headers.add("x-ratelimit-remaining", String(bucket.available()));
    headers.add("x-ratelimit-reset", String(Math.ceil(bucket.nextFillMs() / 1000)));
    return FilterHeadersStatus.continue;
  }

  #descriptors(headers: RequestHeaderMap): readonly RateLimitDescriptor[] {
    // What stands behind a stream's route is always one of src/route.
    const route = this.decoder.route() as Route | null;
    return rateLimitDescriptors(route, this.#limit.choice, headers, this.decoder.streamInfo, null);
  }

  #format(requestHeaders: RequestHeaderMap, responseHeaders: ResponseHeaderMap | null): FormatContext {
    const { streamInfo } = this.decoder;
    return { requestHeaders, responseHeaders, responseTrailers: null, streamInfo, accessLogType: "NotSet" };
  }
}
