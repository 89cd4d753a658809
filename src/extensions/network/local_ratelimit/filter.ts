import { FilterStatus } from "../../../net/network-filter.ts";
import { QuietReadFilter } from "../../../net/quiet-read-filter.ts";
import type { Counter } from "../../../stats/scope.ts";
import type { TokenBucket } from "../../../upstream/limits/token-bucket.ts";

/**
 * Lets a connection through for each token of a bucket that all workers share, and closes the others at once.
 * Source: Envoy's network local rate limit filter.
 */
export class LocalRateLimitFilter extends QuietReadFilter {
  /** Null: the filter is switched off. */
  readonly #tokens: TokenBucket | null;
  readonly #rateLimited: Counter;

  constructor(tokens: TokenBucket | null, rateLimited: Counter) {
    super();
    this.#tokens = tokens;
    this.#rateLimited = rateLimited;
  }

  override onNewConnection(): FilterStatus {
    if (this.#tokens === null || this.#tokens.tryTake()) return FilterStatus.continue;
    this.#rateLimited.inc();
    this.callbacks.connection.close("noFlush");
    return FilterStatus.stopIteration;
  }
}
