import type { HeaderMutationsData } from "../../../route/header-mutations.ts";
import type { RateLimitData } from "../../../route/rate-limit-data.ts";
import type { VirtualHostRateLimits } from "../../../route/rate-limit-descriptors.ts";
import type { RuntimeShareData } from "../../../runtime/runtime.ts";
import type { GrpcServiceData } from "../../../upstream/async/grpc-service-data.ts";

/** Envoy's `RateLimit` filter message, checked. Plain data. */
export interface RateLimitFilterData {
  readonly domain: string;
  /** Only `rate_limits` of this stage count. */
  readonly stage: number;
  readonly requestType: "both" | "internal" | "external";
  /** Its timeout is the filter's. */
  readonly service: GrpcServiceData;
  /** Whom it asks about, whom it refuses, and whose requests fail with the service. */
  readonly enabled: RuntimeShareData;
  readonly enforced: RuntimeShareData;
  readonly failureModeDeny: RuntimeShareData;
  /** The filter's own; empty = those of routes and virtual hosts count. */
  readonly rateLimits: readonly RateLimitData[];
  readonly asResourceExhausted: boolean;
  /** Adds `x-ratelimit-limit` and so on to responses. */
  readonly tellsLimits: boolean;
  /** Adds `x-envoy-ratelimited` to refusals. */
  readonly tellsRefusal: boolean;
  readonly status: number;
  readonly statusOnError: number;
  /** For refusals. */
  readonly responseHeaders: HeaderMutationsData;
  readonly statPrefix: string;
}

/** Envoy's `RateLimitPerRoute`. Plain data. */
export interface RateLimitFilterRouteData {
  readonly ofVirtualHost: VirtualHostRateLimits;
  /** `""` = the filter's. */
  readonly domain: string;
}
