import type { StreamResetReason } from "../../../http/codec.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

/** Methods whose repetition has no further effect (RFC 9110 §9.2.2). */
const IDEMPOTENT_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * Whether an attempt failed, most likely, because the host was closing an idle connection as the request came; then no
 * harm is done by sending it once more. `request` must be whole and without body.
 */
export function isKeepAliveRace(
  attempt: UpstreamRequest,
  reason: StreamResetReason,
  request: RequestHeaderMap,
): boolean {
  return (
    reason === "connection termination" &&
    attempt.reusedConnection &&
    !attempt.responseBegun &&
    IDEMPOTENT_METHODS.has(request.method)
  );
}
