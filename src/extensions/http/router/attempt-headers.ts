import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { VirtualHost } from "../../../route/route.ts";

/** Numbers the attempt, and says why it is made, if the virtual host wants that. */
export function setAttemptHeaders(
  headers: RequestHeaderMap,
  { includeRequestAttemptCount, includeIsTimeoutRetryHeader }: VirtualHost,
  attempt: number,
  afterPerTryTimeout: boolean,
): void {
  if (includeRequestAttemptCount) headers.set("x-envoy-attempt-count", String(attempt));
  if (includeIsTimeoutRetryHeader && attempt > 1) {
    headers.set("x-envoy-is-timeout-retry", afterPerTryTimeout ? "true" : "false");
  }
}
