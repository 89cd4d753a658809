import type { RandomSource } from "../base/random.ts";
import type { Counter } from "../stats/scope.ts";
import { type HostLevel, hostLevels } from "./host-level.ts";
import type { LbHost } from "./lb-host.ts";
import type { HostPicker, HostPickerFactory, LoadBalancer } from "./load-balancer.ts";
import type { LoadBalancerContext } from "./load-balancer-context.ts";
import { levelLoad, NO_LOAD, type PriorityLoad, type PriorityLoadSettings } from "./priority-load.ts";

/** The pickers of one priority level. */
interface PriorityLevel<H extends LbHost> {
  /** Of the healthy hosts, or of all in a panic. */
  readonly picker: HostPicker<H>;
  readonly degradedPicker: HostPicker<H>;
}

/** What a `PriorityLoadBalancer` is made of. */
export interface PriorityLoadBalancerOptions<H extends LbHost> extends PriorityLoadSettings {
  readonly picker: HostPickerFactory<H>;
  /**
   * Makes the picker of the usable (healthy or degraded) hosts of a priority, where it is to look at localities; null = a plain one
   * will do. Not asked in a panic.
   */
  readonly spread?: (level: HostLevel<H>, usable: readonly H[], priority: number) => HostPicker<H> | null;
  /** Called with all hosts before an update makes pickers of them. */
  readonly onUpdate?: (hosts: readonly H[]) => void;
  /** Answer "no host" instead of using unhealthy ones in a panic. */
  readonly failTrafficOnPanic: boolean;
  readonly random: RandomSource;
  /** `lb_healthy_panic`. */
  readonly healthyPanic: Counter;
}

/** Chooses the priority by health and load, then a host of it by the policy's picker. */
export class PriorityLoadBalancer<H extends LbHost> implements LoadBalancer<H> {
  readonly #options: PriorityLoadBalancerOptions<H>;
  #levels: readonly PriorityLevel<H>[] = [];
  #load: PriorityLoad = NO_LOAD;
  /** The level that takes everything with its healthy hosts, which is the usual case; -1 = none does. */
  #onlyLevel = -1;

  constructor(options: PriorityLoadBalancerOptions<H>) {
    this.#options = options;
  }

  update(hosts: readonly H[]): void {
    this.#options.onUpdate?.(hosts);
    const groups = hostLevels(hosts);
    this.#load = levelLoad(groups, this.#options);
    const { panic, healthyPercent } = this.#load;
    this.#levels = groups.map((group, priority) => {
      const picker = panic[priority]
        ? this.#options.picker(this.#options.failTrafficOnPanic ? [] : group.all)
        : this.#usablePicker(group, group.healthy, priority);
      return { picker, degradedPicker: this.#usablePicker(group, group.degraded, priority) };
    });
    this.#onlyLevel = healthyPercent.indexOf(100);
  }

  #usablePicker(level: HostLevel<H>, usable: readonly H[], priority: number): HostPicker<H> {
    return this.#options.spread?.(level, usable, priority) ?? this.#options.picker(usable);
  }

  chooseHost(context: LoadBalancerContext): H | null {
    let host = this.#chooseOnce(context);
    for (let again = context.hostSelectionRetryCount; again > 0; again--) {
      if (host === null || !context.shouldSelectAnotherHost(host)) return host;
      host = this.#chooseOnce(context);
    }
    return host;
  }

  #chooseOnce(context: LoadBalancerContext): H | null {
    const only = this.#onlyLevel;
    const adjuster = context.priorityAdjuster ?? null;
    if (only !== -1 && adjuster === null) return this.#pickFrom(only, context);
    let draw = this.#options.random.uint32() % 100;
    const { healthyPercent, degradedPercent } = adjuster === null ? this.#load : adjuster.adjust(this.#load);
    for (let priority = 0; priority < healthyPercent.length; priority++) {
      draw -= healthyPercent[priority]!;
      if (draw < 0) return this.#pickFrom(priority, context);
    }
    for (let priority = 0; priority < degradedPercent.length; priority++) {
      draw -= degradedPercent[priority]!;
      if (draw < 0) return this.#levels[priority]!.degradedPicker.pick(context);
    }
    return null;
  }

  #pickFrom(priority: number, context: LoadBalancerContext): H | null {
    if (this.#load.panic[priority]) this.#options.healthyPanic.inc();
    const level = this.#levels[priority];
    return level === undefined ? null : level.picker.pick(context);
  }
}
