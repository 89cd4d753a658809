import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { StatsScope } from "../../stats/scope.ts";
import type { DiscoveryData } from "../cluster-data.ts";
import { type Discovery, type DiscoveryOwner, DiscoveryStats } from "./discovery.ts";
import { DnsDiscovery } from "./dns-discovery.ts";
import { CaresLookup, DnsStats } from "./dns-lookup.ts";
import { SystemNameFiles } from "./system-names.ts";

/** Makes the discoveries of all clusters. One per process, on the main thread. */
export class Discoveries {
  readonly #stats: StatsScope;
  readonly #timers: TimerWheel;
  readonly #random: RandomSource;
  readonly #dnsStats: DnsStats;
  readonly #names = new SystemNameFiles();

  /** `stats` is the root scope of the thread. */
  constructor(stats: StatsScope, timers: TimerWheel, random: RandomSource) {
    this.#stats = stats;
    this.#timers = timers;
    this.#random = random;
    this.#dnsStats = new DnsStats(stats);
  }

  readonly createDiscovery = (data: DiscoveryData, owner: DiscoveryOwner, stats: DiscoveryStats): Discovery => {
    const environment = { timers: this.#timers, stats: this.#dnsStats, names: this.#names };
    const cares = new CaresLookup(data, environment);
    return new DnsDiscovery(data, owner, {
      lookup: (name) => cares.lookup(name),
      onStop: () => cares.stop(),
      timers: this.#timers,
      random: this.#random,
      stats,
    });
  };

  readonly createStats = (observabilityName: string): DiscoveryStats =>
    new DiscoveryStats(this.#stats.scope(`cluster.${observabilityName}`));
}
