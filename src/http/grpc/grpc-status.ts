import type { HeaderMap } from "../header-map.ts";

/** The status codes of gRPC, by their names. */
export const GrpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** Status codes of gRPC by HTTP status, after gRPC's `http-grpc-status-mapping`; all others are UNKNOWN. */
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

/** The status that trailers, or the headers of a response without any, carry; undefined if they have none. */
export function grpcStatusIn(headers: HeaderMap): number | undefined {
  const text = headers.get("grpc-status");
  if (text === undefined) return undefined;
  return /^\d{1,4}$/.test(text) ? Number(text) : GrpcStatus.unknown;
}

/** The gRPC status that an HTTP status stands for, in local replies and for responses without one of their own. */
export function grpcStatusOfHttp(status: number): number {
  return BY_HTTP_STATUS.get(status) ?? GrpcStatus.unknown;
}

/** HTTP status that stands for each status of gRPC, from 0 on. Source: Envoy's `Grpc::Utility::grpcToHttpStatus`. */
const HTTP_STATUSES = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** The HTTP status that stands for a status of gRPC; 500 for those that nobody knows. */
export function httpStatusOf(grpcStatus: number): number {
  return HTTP_STATUSES[grpcStatus] ?? 500;
}
