/** Limits of a stream's whole life. */
export interface MaxStreamDuration {
  /** Undefined = the connection manager's, 0 = off. */
  readonly maxStreamDurationMs: number | undefined;
  /** Upper bound of the `grpc-timeout` header if that is to be honoured; 0 = no bound, undefined = the header is ignored. */
  readonly grpcTimeoutHeaderMaxMs: number | undefined;
  /** Taken off the value of `grpc-timeout`. */
  readonly grpcTimeoutHeaderOffsetMs: number;
}
