import { grpcStatusIn, httpStatusOf } from "../../../http/grpc/grpc-status.ts";
import type { ResponseHeaderMap } from "../../../http/header-map.ts";

/** The status that says how a host did: that of gRPC, in a response that has no trailers, goes before that of HTTP. */
export function statusInEffect(headers: ResponseHeaderMap): number {
  const grpcStatus = grpcStatusIn(headers);
  return grpcStatus === undefined ? headers.status : httpStatusOf(grpcStatus);
}
