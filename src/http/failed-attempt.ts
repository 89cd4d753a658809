/** An attempt to get a response from a host that ended without one, or with one that was not taken. */
export interface FailedAttempt {
  /** `ip:port`. */
  readonly host: string;
  /** Envoy's words: `remote connection failure`, `per try timeout`, `response 503`, … */
  readonly reason: string;
  /** What the system said, such as `ECONNREFUSED`; may be empty. */
  readonly transportFailure: string;
  /** When it ended, on the worker's clock. */
  readonly endedAtMs: number;
}

/** Attempts that are kept for one request. */
export const MAX_FAILED_ATTEMPTS = 20;
