import type { AsyncRetryData } from "./async-request.ts";

/** Envoy's `GrpcService`, checked: whom to ask by gRPC, and how. Plain data. */
export interface GrpcServiceData {
  readonly cluster: string;
  /** `:authority`; the cluster's name unless configured. */
  readonly authority: string;
  /** For a unary call; 0 = as long as it takes. */
  readonly timeoutMs: number;
  /** Headers to send with each call, by name and value. */
  readonly initialMetadata: readonly (readonly [string, string])[];
  /** A longer message of the service is a failure. */
  readonly maxMessageBytes: number;
  /** Leaves out the `x-envoy-` headers. */
  readonly skipEnvoyHeaders: boolean;
  readonly retry: AsyncRetryData | null;
}
