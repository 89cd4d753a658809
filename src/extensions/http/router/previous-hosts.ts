import type { LbHost } from "../../../lb/lb-host.ts";
import type { LoadBalancerContext } from "../../../lb/load-balancer-context.ts";

/** The name of the extension that a retry policy lists to have this. */
export const PREVIOUS_HOSTS = "envoy.retry_host_predicates.previous_hosts";

/** Asks the load balancer for a host that has not been tried for this request yet. */
export class PreviousHosts implements LoadBalancerContext {
  readonly metadataMatch = null;
  readonly hostSelectionRetryCount: number;
  readonly #tried: LbHost[] = [];

  /** `maxAttempts`: how often another host is asked for before a tried one is taken all the same. */
  constructor(maxAttempts: number) {
    this.hostSelectionRetryCount = maxAttempts;
  }

  computeHashKey(): boolean {
    return false;
  }

  shouldSelectAnotherHost(host: LbHost): boolean {
    return this.#tried.includes(host);
  }

  add(host: LbHost): void {
    this.#tried.push(host);
  }
}
