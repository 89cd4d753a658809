import type { FormatContext } from "../http/format/format-context.ts";

/** Codes of gRPC by HTTP status, for a response that has none of its own; all others are UNKNOWN (2). */
const BY_HTTP_STATUS: ReadonlyMap<number, number> = new Map([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
]);

/** The gRPC status of a response: from its trailers, else its headers, else what its HTTP status stands for. */
export function grpcStatusOf({ responseHeaders, responseTrailers, streamInfo }: FormatContext): number {
  const text = responseTrailers?.get("grpc-status") ?? responseHeaders?.get("grpc-status");
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
  return BY_HTTP_STATUS.get(streamInfo.responseCode) ?? 2;
}
