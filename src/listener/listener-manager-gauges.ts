import type { Gauge, StatsScope } from "../stats/scope.ts";
import type { ActiveListener } from "./active-listener.ts";

/**
 * The gauges of `listener_manager.*` that only workers know. Each worker shows its own view and the largest one counts,
 * because all workers hold the same listeners.
 */
export class ListenerManagerGauges {
  readonly #active: Gauge;
  readonly #draining: Gauge;
  readonly #chainsDraining: Gauge;

  constructor(root: StatsScope) {
    const scope = root.scope("listener_manager");
    this.#active = scope.gauge("total_listeners_active", "max");
    this.#draining = scope.gauge("total_listeners_draining", "max");
    this.#chainsDraining = scope.gauge("total_filter_chains_draining", "max");
  }

  /** Sets all of them. */
  show(listeners: Iterable<ActiveListener>, draining: number): void {
    let active = 0;
    let chains = 0;
    for (const listener of listeners) {
      active++;
      chains += listener.retiredChainCount;
    }
    this.#active.set(active);
    this.#draining.set(draining);
    this.#chainsDraining.set(chains);
  }
}
