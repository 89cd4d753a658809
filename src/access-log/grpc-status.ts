import type { FormatContext } from "../http/format/format-context.ts";
import { grpcStatusOfHttp } from "../http/grpc/grpc-status.ts";

/** The gRPC status of a response: from its trailers, else its headers, else what its HTTP status stands for. */
export function grpcStatusOf({ responseHeaders, responseTrailers, streamInfo }: FormatContext): number {
  const text = responseTrailers?.get("grpc-status") ?? responseHeaders?.get("grpc-status");
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
  return grpcStatusOfHttp(streamInfo.responseCode);
}
