/** A token bucket of all workers. */
export interface TokenBucket {
  /** Takes `count` tokens (1), if there are so many. */
  tryTake(count?: number): boolean;
  /** Tokens that could be taken now. */
  available(): number;
  /** How long until the next fill. */
  nextFillMs(): number;
}
