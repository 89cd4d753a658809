import type { LbHost } from "../../../../lb/lb-host.ts";
import type { LoadBalancerContext } from "../../../../lb/load-balancer-context.ts";
import type { HostPredicate } from "./host-predicates.ts";
import { PreviousPriorities } from "./previous-priorities.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** What one request asks of the load balancer for its retries: which hosts to leave out, and which priorities. */
export class RetryHosts implements LoadBalancerContext {
  readonly metadataMatch = null;
  readonly #predicates: readonly HostPredicate[];
  readonly #maxAttempts: number;
  readonly priorityAdjuster: PreviousPriorities | null;
  readonly #tried: LbHost[] = [];

  private constructor(policy: RetryPolicy) {
    this.#predicates = policy.hostPredicates;
    this.#maxAttempts = policy.hostSelectionMaxAttempts;
    this.priorityAdjuster =
      policy.priorityUpdateFrequency === 0 ? null : new PreviousPriorities(policy.priorityUpdateFrequency);
  }

  /** Null if a retry may go to any host. */
  static of(policy: RetryPolicy): RetryHosts | null {
    return policy.hostPredicates.length === 0 && policy.priorityUpdateFrequency === 0 ? null : new RetryHosts(policy);
  }

  /** An attempt goes to this host. */
  add(host: LbHost): void {
    this.#tried.push(host);
    this.priorityAdjuster?.add(host);
  }

  computeHashKey(): boolean {
    return false;
  }

  /** The first attempt takes what it gets. */
  get hostSelectionRetryCount(): number {
    return this.#tried.length === 0 || this.#predicates.length === 0 ? 0 : this.#maxAttempts;
  }

  shouldSelectAnotherHost(host: LbHost): boolean {
    return this.#predicates.some((refuses) => refuses(host, this.#tried));
  }
}
