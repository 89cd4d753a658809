import type { Uint64 } from "../base/uint64.ts";
import type { LbHost } from "../lb/lb-host.ts";
import {
  type LoadBalancerContext,
  PLAIN_LOAD_BALANCER_CONTEXT,
  type PriorityAdjuster,
} from "../lb/load-balancer-context.ts";
import type { PriorityLoad } from "../lb/priority-load.ts";
import type { Host } from "./host.ts";

/** Puts all load on one priority of a cluster: on its healthy or on its degraded hosts. */
export class OnePriority implements PriorityAdjuster {
  readonly #priority: number;
  readonly #degraded: boolean;
  #before: PriorityLoad | null = null;
  #after: PriorityLoad | null = null;

  /** `degraded`: on its degraded hosts; else on its healthy ones, or on all if the cluster panics there. */
  constructor(priority: number, degraded: boolean) {
    this.#priority = priority;
    this.#degraded = degraded;
  }

  /** What comes out is kept, as long as the cluster's load is the same object. */
  adjust(load: PriorityLoad): PriorityLoad {
    if (load !== this.#before || this.#after === null) {
      this.#before = load;
      const none = new Array<number>(Math.max(load.healthyPercent.length, this.#priority + 1)).fill(0);
      const all = none.with(this.#priority, 100);
      const [healthyPercent, degradedPercent] = this.#degraded ? [none, all] : [all, none];
      this.#after = { ...load, healthyPercent, degradedPercent };
    }
    return this.#after;
  }
}

/**
 * What a load balancer may ask of a request whose priority is chosen already. One object for all picks of an aggregate cluster: nothing is made for a pick.
 * Source: Envoy's `AggregateLoadBalancerContext`.
 */
export class OnePriorityContext implements LoadBalancerContext {
  #request: LoadBalancerContext = PLAIN_LOAD_BALANCER_CONTEXT;
  #priority: OnePriority | null = null;

  /** Lets `member` pick for `request` from that priority alone. */
  during(
    priority: OnePriority,
    request: LoadBalancerContext,
    member: { pick(context: LoadBalancerContext): Host | null },
  ): Host | null {
    this.#request = request;
    this.#priority = priority;
    const host = member.pick(this);
    // The request is not to be kept.
    this.#request = PLAIN_LOAD_BALANCER_CONTEXT;
    return host;
  }

  get priorityAdjuster(): PriorityAdjuster | null {
    return this.#priority;
  }

  get metadataMatch(): LoadBalancerContext["metadataMatch"] {
    return this.#request.metadataMatch;
  }

  get hostSelectionRetryCount(): number {
    return this.#request.hostSelectionRetryCount;
  }

  computeHashKey(into: Uint64): boolean {
    return this.#request.computeHashKey(into);
  }

  downstreamHeader(name: string): string | undefined {
    return this.#request.downstreamHeader?.(name);
  }

  shouldSelectAnotherHost(host: LbHost): boolean {
    return this.#request.shouldSelectAnotherHost(host);
  }
}
