import type { RandomSource } from "../../../base/random.ts";
import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { FormatContext } from "../../../http/format/format-context.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import { isInFraction } from "../../../route/fraction.ts";
import type { TokenBucket } from "../../../upstream/shared-limits.ts";
import type { RateLimit } from "./rate-limit.ts";

const RESOURCE_EXHAUSTED = 8;

/**
 * Lets a request through for each token of a bucket that all workers share, and answers the others (429, flag RL,
 * `local_rate_limited`). A route's limit takes the place of the filter's. Source: Envoy's HTTP local rate limit filter.
 */
export class LocalRateLimitFilter extends PassThroughFilter {
  #limit: RateLimit;
  readonly #random: RandomSource;
  #bucket: TokenBucket | null = null;

  constructor(limit: RateLimit, random: RandomSource) {
    super();
    this.#limit = limit;
    this.#random = random;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { streamInfo } = this.decoder;
    const limit = (this.decoder.perFilterConfig() as RateLimit | undefined) ?? this.#limit;
    this.#limit = limit;
    const { data, stats } = limit;
    if (!isInFraction(data.enabled, this.#random.uint32())) return FilterHeadersStatus.continue;
    stats.enabled.inc();
    this.#bucket = limit.bucket(streamInfo.connection);
    if (this.#bucket === null || this.#bucket.tryTake()) {
      stats.ok.inc();
      return FilterHeadersStatus.continue;
    }
    stats.rateLimited.inc();
    if (!isInFraction(data.enforced, this.#random.uint32())) {
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
    const { settings, tellsRemaining } = this.#limit.data;
    if (this.#bucket === null || settings === null || !tellsRemaining) return FilterHeadersStatus.continue;
    headers.add("x-ratelimit-limit", String(settings.maxTokens));
    headers.add("x-ratelimit-remaining", String(this.#bucket.available()));
    headers.add("x-ratelimit-reset", String(Math.ceil(this.#bucket.nextFillMs() / 1000)));
    return FilterHeadersStatus.continue;
  }

  #format(requestHeaders: RequestHeaderMap, responseHeaders: ResponseHeaderMap | null): FormatContext {
    const { streamInfo } = this.decoder;
    return { requestHeaders, responseHeaders, responseTrailers: null, streamInfo, accessLogType: "NotSet" };
  }
}
