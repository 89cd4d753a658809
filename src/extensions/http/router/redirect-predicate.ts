import type { CompiledExtension } from "../../../config/compile-context.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { AllowListedRoutesData } from "../../../route/internal-redirect-data.ts";

/** A redirect that is about to be followed. */
export interface RedirectTarget {
  /** Names of the route that was taken and of the one it leads to. */
  readonly fromRoute: string;
  readonly toRoute: string;
  readonly fromHttps: boolean;
  readonly toHttps: boolean;
}

/** Whether a predicate lets a redirect be followed. The predicate must be one of `internal_redirect_predicates`. */
export function acceptsRedirect(predicate: CompiledExtension, target: RedirectTarget, streamInfo: StreamInfo): boolean {
  switch (predicate.extension) {
    case "envoy.internal_redirect_predicates.previous_routes":
      return isNewTarget(target, streamInfo);
    case "envoy.internal_redirect_predicates.allow_listed_routes":
      return (predicate.data as AllowListedRoutesData).names.includes(target.toRoute);
    default:
      return target.fromHttps || !target.toHttps;
  }
}

function isNewTarget({ fromRoute, toRoute }: RedirectTarget, streamInfo: StreamInfo): boolean {
  streamInfo.redirectedRoutes ??= new Set();
  const key = `${fromRoute.length}:${fromRoute}${toRoute}`;
  if (streamInfo.redirectedRoutes.has(key)) return false;
  streamInfo.redirectedRoutes.add(key);
  return true;
}
