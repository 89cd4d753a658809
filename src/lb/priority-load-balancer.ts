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
  #healthyCount = 0;
  /** Draws of priorities that were peeked at. */
  #drawn: number[] = [];

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
    this.#healthyCount = groups.reduce((sum, { healthy }) => sum + healthy.length, 0);
    this.#drawn = [];
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

  peekAnotherHost(): H | null {
    if (this.#drawn.length >= this.#healthyCount) return null;
    const draw = this.#options.random.uint32() % 100;
    this.#drawn.push(draw);
    const only = this.#onlyLevel;
    const picker = only === -1 ? this.#drawnPicker(draw, this.#load) : this.#levels[only]!.picker;
    return picker?.peek?.() ?? null;
  }

  #chooseOnce(context: LoadBalancerContext): H | null {
    const draw = this.#drawn.length > 0 ? this.#drawn.shift()! : -1;
    const only = this.#onlyLevel;
    const adjuster = context.priorityAdjuster ?? null;
    if (only === -1 || adjuster !== null) {
      const { random, healthyPanic } = this.#options;
      const load = adjuster === null ? this.#load : adjuster.adjust(this.#load);
      const picker = this.#drawnPicker(draw === -1 ? random.uint32() % 100 : draw, load, healthyPanic);
      return picker?.pick(context) ?? null;
    }
    if (this.#load.panic[only]) this.#options.healthyPanic.inc();
    return this.#levels[only]!.picker.pick(context);
  }

  /** The picker of the hosts on which the draw, from 0 to 99, falls with this load. `panics` counts a panic of theirs. */
  #drawnPicker(draw: number, load: PriorityLoad, panics?: Counter): HostPicker<H> | undefined {
    const { healthyPercent, degradedPercent, panic } = load;
    let left = draw;
    for (let priority = 0; priority < healthyPercent.length; priority++) {
      left -= healthyPercent[priority]!;
      if (left >= 0) continue;
      if (panic[priority]) panics?.inc();
      return this.#levels[priority]?.picker;
    }
    for (let priority = 0; priority < degradedPercent.length; priority++) {
      left -= degradedPercent[priority]!;
      if (left < 0) return this.#levels[priority]?.degradedPicker;
    }
    return undefined;
  }
}
