import type { Counter, Gauge, StatsScope } from "../stats/scope.ts";
import type { ActiveListener } from "./active-listener.ts";

/**
 * The part of `listener_manager.*` that only workers know. Of the gauges each worker shows its own view and the largest one
 * counts, because all workers hold the same listeners. `created` counts each listener on each worker, as in Envoy.
 */
export class WorkerListenerStats {
  readonly created: Counter;
  readonly #active: Gauge;
  readonly #draining: Gauge;
  readonly #chainsDraining: Gauge;
  #tcpCount = 0;
  #udpCount = 0;

  constructor(root: StatsScope) {
    const scope = root.scope("listener_manager");
    this.created = scope.counter("listener_create_success");
    this.#active = scope.gauge("total_listeners_active", "max");
    this.#draining = scope.gauge("total_listeners_draining", "max");
    this.#chainsDraining = scope.gauge("total_filter_chains_draining", "max");
  }

  /** How many UDP listeners there are. */
  showUdp(count: number): void {
    this.#udpCount = count;
    this.#active.set(this.#tcpCount + count);
  }

  /** Sets all of them, by the TCP listeners. */
  show(listeners: Iterable<ActiveListener>, draining: number): void {
    let active = 0;
    let chains = 0;
    for (const listener of listeners) {
      active++;
      chains += listener.retiredChainCount;
    }
    this.#tcpCount = active;
    this.#active.set(active + this.#udpCount);
    this.#draining.set(draining);
    this.#chainsDraining.set(chains);
  }
}
