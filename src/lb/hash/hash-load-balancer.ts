import type { RandomSource } from "../../base/random.ts";
import { Uint64 } from "../../base/uint64.ts";
import type { Counter } from "../../stats/scope.ts";
import { type HostLevel, hostLevels } from "../host-level.ts";
import type { LbHost } from "../lb-host.ts";
import type { LoadBalancer } from "../load-balancer.ts";
import type { LoadBalancerContext } from "../load-balancer-context.ts";
import type { LocalityWeights } from "../locality-weights.ts";
import { levelLoad, NO_LOAD, type PriorityLoad, type PriorityLoadSettings } from "../priority-load.ts";
import { weightedHosts } from "../weighted-hosts.ts";
import type { HashPicker, HashPickerFactory } from "./hash-picker.ts";

/** What a `HashLoadBalancer` is made of. */
export interface HashLoadBalancerOptions<H extends LbHost> extends PriorityLoadSettings {
  readonly table: HashPickerFactory<H>;
  /** Weigh localities before hosts; null = localities do not count. */
  readonly localityWeights: LocalityWeights | null;
  readonly random: RandomSource;
  /** `lb_healthy_panic`. */
  readonly healthyPanic: Counter;
}

/**
 * Chooses priority and host by the request's hash, or by a random number if it has none. A priority's table is built on the first
 * pick that needs it, so that many updates at once cost one table. Degraded hosts are not in it.
 * Source: Envoy's `ThreadAwareLoadBalancerBase`.
 */
export class HashLoadBalancer<H extends LbHost> implements LoadBalancer<H> {
  readonly #options: HashLoadBalancerOptions<H>;
  readonly #hash = new Uint64();
  #levels: readonly HostLevel<H>[] = [];
  #tables: (HashPicker<H> | null)[] = [];
  /** Those that are being replaced. */
  #tablesBefore: readonly (HashPicker<H> | null)[] = [];
  #load: PriorityLoad = NO_LOAD;

  constructor(options: HashLoadBalancerOptions<H>) {
    this.#options = options;
  }

  update(hosts: readonly H[]): void {
    this.#levels = hostLevels(hosts);
    this.#load = levelLoad(this.#levels, this.#options);
    this.#tablesBefore = this.#levels.map((_, at) => this.#tables[at] ?? this.#tablesBefore[at] ?? null);
    this.#tables = this.#levels.map(() => null);
  }

  chooseHost(context: LoadBalancerContext): H | null {
    const hash = this.#hash;
    if (!context.computeHashKey(hash)) {
      const { random } = this.#options;
      hash.set(random.uint32(), random.uint32());
    }
    const priority = this.#choosePriority(hash.modulo(100));
    if (priority === -1) return null;
    if (this.#load.panic[priority]) this.#options.healthyPanic.inc();
    const table = this.#tables[priority] ?? this.#buildTable(priority);
    let host = table.pick(hash, 0);
    for (let attempt = 1; attempt <= context.hostSelectionRetryCount; attempt++) {
      if (host === null || !context.shouldSelectAnotherHost(host)) return host;
      host = table.pick(hash, attempt);
    }
    return host;
  }

  #choosePriority(point: number): number {
    const { healthyPercent, degradedPercent } = this.#load;
    let left = point;
    for (let priority = 0; priority < healthyPercent.length; priority++) {
      left -= healthyPercent[priority]!;
      if (left < 0) return priority;
    }
    for (let priority = 0; priority < degradedPercent.length; priority++) {
      left -= degradedPercent[priority]!;
      if (left < 0) return priority;
    }
    return -1;
  }

  #buildTable(priority: number): HashPicker<H> {
    const level = this.#levels[priority]!;
    const hosts = this.#load.panic[priority] ? level.all : level.healthy;
    const before = this.#tablesBefore[priority] ?? null;
    const table = this.#options.table(weightedHosts(hosts, this.#options.localityWeights), before);
    this.#tables[priority] = table;
    return table;
  }
}
