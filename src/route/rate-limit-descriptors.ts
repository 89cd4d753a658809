import type { RequestHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import type { RateLimitDescriptor, RateLimitPolicy, RateLimitSwitches } from "./rate-limit-policy.ts";
import type { Route } from "./route.ts";

/** Envoy's `VhRateLimitsOptions`: when the virtual host's `rate_limits` count beside the route's. */
export type VirtualHostRateLimits = "override" | "include" | "ignore";

/** Which policies a filter takes descriptors of. */
export interface RateLimitChoice {
  readonly stage: number;
  readonly ofVirtualHost: VirtualHostRateLimits;
  /** The filter's own, which counts instead of all others; empty = it has none. */
  readonly own: RateLimitPolicy;
}

/**
 * The descriptors that a request's route and virtual host give it for one stage, or those of the filter's own policy; in Envoy's order: the route's first. The virtual host's count if the route
 * includes them (`include_vh_rate_limits`), or as `ofVirtualHost` says: `override` = only if the route has none of its own. Empty for a
 * request that is not forwarded. Source: Envoy's rate limit filters, `populateRateLimitDescriptors`.
 */
export function rateLimitDescriptors(
  route: Route | null,
  { stage, ofVirtualHost, own }: RateLimitChoice,
  headers: RequestHeaderMap,
  streamInfo: StreamInfo,
  switches: RateLimitSwitches | null,
): RateLimitDescriptor[] {
  if (route === null || route.action.type !== "forward") return [];
  const { rateLimits, settings } = route.action;
  const ofHost = route.virtualHost.rateLimits;
  if (own.isEmpty && rateLimits.isEmpty && ofHost.isEmpty) return [];
  const descriptors: RateLimitDescriptor[] = [];
  const request = { headers, streamInfo, clusterName: route.action.clusterName(headers), switches };
  if (!own.isEmpty) {
    own.addDescriptors(0, request, descriptors);
    return descriptors;
  }
  rateLimits.addDescriptors(stage, request, descriptors);
  const included =
    settings.includeVirtualHostRateLimits ||
    ofVirtualHost === "include" ||
    (ofVirtualHost === "override" && rateLimits.isEmpty);
  if (included) ofHost.addDescriptors(stage, request, descriptors);
  return descriptors;
}
