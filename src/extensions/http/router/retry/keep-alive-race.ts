import type { StreamResetReason } from "../../../../http/codec.ts";
import type { RequestHeaderMap } from "../../../../http/header-map.ts";
import type { UpstreamRequest } from "../upstream-request.ts";

/** Methods whose repetition has no further effect (RFC 9110 §9.2.2). */
const IDEMPOTENT_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** How often a request may be refused before it fails: whole groups of connections may be said goodbye to at once. */
const REFUSED_ATTEMPTS = 4;

/**
 * Whether no harm is done by sending a request once more: HTTP/2 has refused it before the host looked at it (GOAWAY,
 * REFUSED_STREAM), or, most likely, the host was closing an idle connection as it came. `request` must be whole and without body; `attempts` is
 * the number of the attempt that failed.
 */
export function isKeepAliveRace(
  attempt: UpstreamRequest,
  attempts: number,
  reason: StreamResetReason,
  request: RequestHeaderMap,
): boolean {
  if (attempt.responseBegun) return false;
  if (reason === "remote refused stream reset") return attempts < REFUSED_ATTEMPTS;
  return (
    attempts === 1 &&
    reason === "connection termination" &&
    attempt.reusedConnection &&
    IDEMPOTENT_METHODS.has(request.method)
  );
}
