import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { ForwardAction } from "../../../route/route.ts";
import type { RequestControls } from "./request-controls.ts";
import type { RetryPolicy } from "./retry/retry-policy.ts";

/** The attempt's limit, 0 = none: the request's wish, else the policy's. One that is not below the whole request's (`timeoutMs`) never matters. */
export function perTryTimeoutMs(
  timeoutMs: number,
  policy: RetryPolicy | null,
  controls: RequestControls | null,
): number {
  const perTryMs = controls?.perTryTimeoutMs ?? policy?.perTryTimeoutMs ?? 0;
  return timeoutMs > 0 && perTryMs >= timeoutMs ? 0 : perTryMs;
}

/** The whole request's limit, from its last byte to the response's; 0 = none. `respectsExpected`: what a proxy before this one has promised its client comes first. */
export function requestTimeoutMs(
  action: ForwardAction,
  controls: RequestControls | null,
  headers: RequestHeaderMap,
  respectsExpected: boolean,
): number {
  if (respectsExpected) {
    const expected = headers.get("x-envoy-expected-rq-timeout-ms");
    if (expected !== undefined && /^\d{1,10}$/.test(expected)) return Number(expected);
  }
  return controls?.timeoutMs ?? action.settings.timeoutMs;
}

/**
 * How long the host has for this attempt, for `x-envoy-expected-rq-timeout-ms`; 0 = as long as it likes. `elapsedMs` has
 * passed since the request was complete. Never 0 because time is up. Source: Envoy's `FilterUtility::setTimeoutHeaders`.
 */
export function expectedTimeoutMs(timeoutMs: number, perTryMs: number, elapsedMs: number): number {
  const expectedMs = perTryMs > 0 ? perTryMs : timeoutMs;
  if (expectedMs === 0 || timeoutMs === 0) return expectedMs;
  return Math.max(1, Math.min(expectedMs, Math.round(timeoutMs - elapsedMs)));
}
