import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { retryGrpcOnOfHeader, retryOnOfHeader } from "../../../route/retry-on.ts";

/** What a request itself asks of the router, by `x-envoy-` headers that only trusted peers can bring. */
export interface RequestControls {
  /** Undefined = the route's. 0 = off. */
  readonly timeoutMs: number | undefined;
  readonly perTryTimeoutMs: number | undefined;
  /** Of each attempt; undefined = the cluster's. 0 = off. */
  readonly maxStreamDurationMs: number | undefined;
  /** A timeout is answered 204 instead of 504. */
  readonly timeoutIsNoContent: boolean;
  /** Undefined = as the route says. */
  readonly hedgeOnPerTryTimeout: boolean | undefined;
  /** Bits of `RetryOn`, beside the route's. */
  readonly retryOn: number;
  /** Undefined = the route's. */
  readonly maxRetries: number | undefined;
  /** Beside the route's. */
  readonly retriableStatusCodes: readonly number[];
  /** Names of response headers whose presence makes a response retriable, beside the route's. */
  readonly retriableHeaderNames: readonly string[];
}

const CONTROLS = [
  "x-envoy-upstream-rq-timeout-ms",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-upstream-stream-duration-ms",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-retriable-status-codes",
  "x-envoy-retriable-header-names",
  "x-envoy-hedge-on-per-try-timeout",
];
const NAMES: ReadonlySet<string> = new Set(CONTROLS);

/**
 * Takes the headers that steer the router off a request and says what they held; null, the usual case, if there are none.
 * Values that make no sense count as absent. Source: Envoy's `FilterUtility::finalTimeout` and `RetryStateImpl::create`.
 */
export function takeRequestControls(headers: RequestHeaderMap): RequestControls | null {
  if (!hasControls(headers.list)) return null;
  const controls = {
    timeoutMs: numberOf(headers.get("x-envoy-upstream-rq-timeout-ms")),
    perTryTimeoutMs: numberOf(headers.get("x-envoy-upstream-rq-per-try-timeout-ms")),
    maxStreamDurationMs: numberOf(headers.get("x-envoy-upstream-stream-duration-ms")),
    timeoutIsNoContent: headers.has("x-envoy-upstream-rq-timeout-alt-response"),
    hedgeOnPerTryTimeout: booleanOf(headers.get("x-envoy-hedge-on-per-try-timeout")),
    retryOn:
      retryOnOfHeader(headers.get("x-envoy-retry-on") ?? "") |
      retryGrpcOnOfHeader(headers.get("x-envoy-retry-grpc-on") ?? ""),
    maxRetries: numberOf(headers.get("x-envoy-max-retries")),
    retriableStatusCodes: listOf(headers.get("x-envoy-retriable-status-codes")).map(Number),
    retriableHeaderNames: listOf(headers.get("x-envoy-retriable-header-names")),
  };
  headers.removeWhere((name) => NAMES.has(name));
  return controls;
}

/** Spares most names the look into the set. */
function hasControls(list: readonly string[]): boolean {
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    if (name.length < 16 || name.charCodeAt(7) !== 0x2d || name.charCodeAt(2) !== 0x65) continue;
    if (NAMES.has(name)) return true;
  }
  return false;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function booleanOf(text: string | undefined): boolean | undefined {
  return text === "true" || text === "false" ? text === "true" : undefined;
}

function listOf(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text
    .split(",")
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== "");
}
