import type { StreamResetReason } from "../../../../http/codec.ts";
import type { ResponseHeaderMap } from "../../../../http/header-map.ts";
import type { HeaderMatcher } from "../../../../match/header-matcher.ts";
import { RetryOn } from "../../../../route/retry-on.ts";

/** What decides whether an attempt that failed is repeated: the route's policy and the request's wishes, put together. */
export interface RetryConditions {
  /** Bits of `RetryOn`. */
  readonly retryOn: number;
  isRetriableStatus(status: number): boolean;
  readonly retriableHeaders: readonly HeaderMatcher[];
  /** Response headers whose presence is enough. */
  readonly retriableHeaderNames: readonly string[];
}

const GRPC_BITS: ReadonlyMap<string, number> = new Map([
  ["1", RetryOn.grpcCancelled],
  ["4", RetryOn.grpcDeadlineExceeded],
  ["8", RetryOn.grpcResourceExhausted],
  ["13", RetryOn.grpcInternal],
  ["14", RetryOn.grpcUnavailable],
]);
const ALL_GRPC =
  RetryOn.grpcCancelled |
  RetryOn.grpcDeadlineExceeded |
  RetryOn.grpcResourceExhausted |
  RetryOn.grpcInternal |
  RetryOn.grpcUnavailable;

/** Whether a response with these headers is to be tried again. Source: Envoy's `RetryStateImpl::wouldRetryFromHeaders`. */
export function wouldRetryHeaders(conditions: RetryConditions, headers: ResponseHeaderMap): boolean {
  const on = conditions.retryOn;
  const status = headers.status;
  // Another Envoy has limited the rate: repeating makes it worse, unless it is asked for.
  if (headers.has("x-envoy-ratelimited")) return (on & RetryOn.envoyRateLimited) !== 0;
  if ((on & RetryOn.serverError) !== 0 && status >= 500) return true;
  if ((on & RetryOn.gatewayError) !== 0 && status >= 502 && status <= 504) return true;
  if ((on & RetryOn.retriable4xx) !== 0 && status === 409) return true;
  if ((on & RetryOn.retriableStatusCodes) !== 0 && conditions.isRetriableStatus(status)) return true;
  if ((on & RetryOn.retriableHeaders) !== 0 && hasRetriableHeader(conditions, headers)) return true;
  if ((on & ALL_GRPC) === 0) return false;
  const grpc = headers.get("grpc-status");
  return grpc !== undefined && (on & (GRPC_BITS.get(grpc) ?? 0)) !== 0;
}

/**
 * Whether an attempt that ended without a response is to be tried again; `wasSent`: its headers had gone to the host.
 * Source: Envoy's `RetryStateImpl::wouldRetryFromReset`.
 */
export function wouldRetryReset(retryOn: number, reason: StreamResetReason, wasSent: boolean): boolean {
  if (reason === "overflow") return false;
  if ((retryOn & (RetryOn.reset | RetryOn.serverError | RetryOn.gatewayError)) !== 0) return true;
  if ((retryOn & RetryOn.resetBeforeRequest) !== 0 && !wasSent) return true;
  if ((retryOn & RetryOn.refusedStream) !== 0 && reason === "remote refused stream reset") return true;
  return (retryOn & RetryOn.connectFailure) !== 0 && isConnectFailure(reason);
}

function isConnectFailure(reason: StreamResetReason): boolean {
  return (
    reason === "remote connection failure" || reason === "connection timeout" || reason === "local connection failure"
  );
}

function hasRetriableHeader(conditions: RetryConditions, headers: ResponseHeaderMap): boolean {
  return (
    conditions.retriableHeaders.some((matcher) => matcher.matches(headers)) ||
    conditions.retriableHeaderNames.some((name) => headers.has(name))
  );
}
