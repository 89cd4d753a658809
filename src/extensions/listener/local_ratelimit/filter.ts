import { InspectionStatus, type ListenerFilter } from "../../../net/listener-filter.ts";
import type { Counter } from "../../../stats/scope.ts";
import type { TokenBucket } from "../../../upstream/limits/token-bucket.ts";

/**
 * Lets a connection through for each token of a bucket that all workers share, and closes the others before a byte of them is read. Source:
 * Envoy's listener filter for local rate limits.
 */
export class ListenerRateLimitFilter implements ListenerFilter {
  /** Null: the filter is switched off. */
  readonly #tokens: TokenBucket | null;
  readonly #rateLimited: Counter;

  constructor(tokens: TokenBucket | null, rateLimited: Counter) {
    this.#tokens = tokens;
    this.#rateLimited = rateLimited;
  }

  onAccept(): InspectionStatus {
    if (this.#tokens === null || this.#tokens.tryTake()) return InspectionStatus.done;
    this.#rateLimited.inc();
    return InspectionStatus.close;
  }

  onPeek(): InspectionStatus {
    return InspectionStatus.done;
  }
}
