import type { RetryBudgetData } from "../cluster-data.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import { SharedCircuitBreaker } from "./shared-circuit-breaker.ts";

/**
 * The breaker of a cluster's retries: a fixed limit, or a budget, which is a share of the requests that are active and pending in the
 * whole process at the moment. Source: Envoy's `ResourceManagerImpl::RetryBudgetImpl`.
 */
export class RetryBreaker extends SharedCircuitBreaker {
  readonly #requests: CircuitBreaker;
  readonly #pending: CircuitBreaker;
  #budget: RetryBudgetData | null = null;

  constructor(
    totals: Int32Array,
    share: Int32Array,
    cell: number,
    max: number,
    requests: CircuitBreaker,
    pending: CircuitBreaker,
  ) {
    super(totals, share, cell, max);
    this.#requests = requests;
    this.#pending = pending;
  }

  override get max(): number {
    const budget = this.#budget;
    if (budget === null) return super.max;
    const ofRequests = Math.floor((budget.budgetPercent / 100) * (this.#requests.count + this.#pending.count));
    return Math.max(ofRequests, budget.minRetryConcurrency);
  }

  /** Null lets the fixed limit hold. Takes effect on the next retry. */
  setBudget(budget: RetryBudgetData | null): void {
    this.#budget = budget;
  }
}
