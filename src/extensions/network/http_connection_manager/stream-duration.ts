import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { ForwardAction } from "../../../route/route.ts";

/** Milliseconds per unit of a `grpc-timeout` header. */
const GRPC_UNITS: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1000],
  ["m", 1],
  ["u", 0.001],
  ["n", 0.000_001],
]);

/** The value of `grpc-timeout` in whole milliseconds, rounded up; undefined if there is none or it is malformed. */
function grpcTimeoutMs(headers: RequestHeaderMap): number | undefined {
  const text = headers.get("grpc-timeout");
  if (text === undefined || !/^\d{1,8}[HMSmun]$/.test(text)) return undefined;
  const unit = GRPC_UNITS.get(text[text.length - 1]!)!;
  return Math.ceil(Number(text.slice(0, -1)) * unit);
}

/**
 * How long a stream may live, counted from its start, once its route is known; undefined = as long as it likes, 0 = its
 * time is over. `defaultMs` is the connection manager's (0 = off). Source: Envoy's `refreshDurationTimeout`.
 * Differs from Envoy: the `grpc-timeout` header goes upstream as the client sent it.
 */
export function streamDurationMs(
  action: ForwardAction,
  headers: RequestHeaderMap,
  defaultMs: number,
): number | undefined {
  const duration = action.settings.maxStreamDuration;
  const maxMs = duration?.grpcTimeoutHeaderMaxMs;
  const wishMs = maxMs === undefined ? undefined : grpcTimeoutMs(headers);
  if (duration === null || maxMs === undefined || wishMs === undefined) {
    const limitMs = duration?.maxStreamDurationMs ?? defaultMs;
    return limitMs === 0 ? undefined : limitMs;
  }
  const boundedMs = maxMs === 0 ? wishMs : Math.min(wishMs, maxMs);
  return Math.max(0, boundedMs - duration.grpcTimeoutHeaderOffsetMs);
}
