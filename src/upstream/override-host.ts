import type { LoadBalancerContext } from "../lb/load-balancer-context.ts";
import type { EndpointHealthStatus, Host } from "./host.ts";

/** The host that a request insists on. */
export interface OverrideChoice {
  /** Null if there is no such host, or it is in no state to be used. */
  readonly host: Host | null;
  /** No other host will do. */
  readonly strict: boolean;
}

/**
 * What comes of a request's wish for one certain host, past the load balancer; null if it has none. `statuses` are those in
 * which a host may be used so. Source: Envoy's `HostUtility::selectOverrideHost`.
 */
export function chooseOverrideHost(
  context: LoadBalancerContext,
  find: (address: string) => Host | undefined,
  statuses: readonly EndpointHealthStatus[],
): OverrideChoice | null {
  if (context.takeOverrideHost === undefined || statuses.length === 0) return null;
  const wish = context.takeOverrideHost();
  if (wish === null) return null;
  const host = find(wish.address);
  const usable = host !== undefined && statuses.includes(presentStatus(host));
  return { host: usable ? host : null, strict: wish.strict };
}

/** What checks say before what discovery says. */
function presentStatus(host: Host): EndpointHealthStatus {
  const { health, healthStatus } = host;
  if (health === "unhealthy") {
    return healthStatus === "draining" || healthStatus === "timeout" ? healthStatus : "unhealthy";
  }
  return health === "degraded" ? "degraded" : healthStatus;
}
