/**
 * Why there is no response to a request of the async client:
 * - `noCluster`: there is no such cluster; `noHealthyHost`: it has no host that can be used
 * - `overflow`: a circuit breaker is open; `connectionFailure`: no connection could be had
 * - `reset`: the stream was reset, or its connection ended; `timeout`: no whole response in time
 * - `responseTooLarge`: the body is longer than the request allows; `closed`: the worker ends
 */
export type AsyncFailureReason =
  | "noCluster"
  | "noHealthyHost"
  | "overflow"
  | "connectionFailure"
  | "reset"
  | "timeout"
  | "responseTooLarge"
  | "closed";

/** A request of the async client that got no whole response. */
export interface AsyncFailure {
  readonly reason: AsyncFailureReason;
  /** For people and logs; a few words. */
  readonly details: string;
}

/** Something that the async client has under way. */
export interface AsyncCall {
  /** Gives it up, wherever it stands. No calls back. Safe at any time, also when it is over. */
  cancel(): void;
}
