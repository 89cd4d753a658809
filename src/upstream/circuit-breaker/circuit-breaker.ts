/** Which thresholds of a cluster apply; the route's `priority`. */
export type ResourcePriority = "default" | "high";

/** One limited resource of a cluster at one priority. The count is the whole process's, exact over all workers. */
export interface CircuitBreaker {
  /** The configured limit. */
  readonly max: number;
  /** Present use by all workers together. */
  readonly count: number;
  /** Whether one more may be had now. Another worker may take it meanwhile: use `tryAcquire` to have it. */
  readonly canCreate: boolean;
  /** Takes one if the limit allows. Each success needs one `release`, on the same worker. */
  tryAcquire(): boolean;
  /** Takes one whatever the limit; for the one connection that each pool may always have. */
  acquire(): void;
  release(): void;
}

/**
 * The breakers of one priority. Pools handle `connections`, `pendingRequests` and `requests`, who makes
 * pools handles `connectionPools`, and the router handles `retries` around each retry. Source: Envoy's `ResourceManager`.
 */
export interface CircuitBreakers {
  readonly connections: CircuitBreaker;
  readonly pendingRequests: CircuitBreaker;
  readonly requests: CircuitBreaker;
  readonly retries: CircuitBreaker;
  readonly connectionPools: CircuitBreaker;
}
