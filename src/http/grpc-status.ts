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
const UNKNOWN = 2;

/** The gRPC status that an HTTP status stands for, in local replies and for responses without one of their own. */
export function grpcStatusOfHttp(status: number): number {
  return BY_HTTP_STATUS.get(status) ?? UNKNOWN;
}
