import type { Logger } from "../../base/log.ts";
import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { StatsScope } from "../../stats/scope.ts";
import type { DiscoveryData } from "../cluster-data.ts";
import { type Discovery, type DiscoveryOwner, DiscoveryStats } from "./discovery.ts";
import { DnsDiscovery } from "./dns-discovery.ts";
import { CaresLookup, DnsStats } from "./dns-lookup.ts";
import { EndpointsFiles, type ReadEndpoints } from "./endpoints-files.ts";
import { FileDiscovery } from "./file-discovery.ts";
import { StaticDiscovery } from "./static-discovery.ts";
import { SystemNameFiles } from "./system-names.ts";

/** What discoveries work with. */
export interface DiscoveryEnvironment {
  /** The root scope of the thread. */
  readonly stats: StatsScope;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly readEndpoints: ReadEndpoints;
}

/** Makes the discoveries of all clusters. One per process, on the main thread. */
export class Discoveries {
  readonly #environment: DiscoveryEnvironment;
  readonly #dnsStats: DnsStats;
  readonly #names = new SystemNameFiles();
  readonly #files: EndpointsFiles;

  constructor(environment: DiscoveryEnvironment) {
    this.#environment = environment;
    this.#dnsStats = new DnsStats(environment.stats);
    const { readEndpoints: read, timers, log } = environment;
    this.#files = new EndpointsFiles({ read, timers, log });
  }

  readonly createDiscovery = (data: DiscoveryData, owner: DiscoveryOwner, stats: DiscoveryStats): Discovery => {
    const { timers, random, log } = this.#environment;
    if (data.type === "file") return new FileDiscovery(data, owner, { files: this.#files, timers, log, stats });
    if (data.type === "static") return new StaticDiscovery(data.endpoints, owner, timers);
    const cares = new CaresLookup(data, { timers, stats: this.#dnsStats, names: this.#names });
    const lookup = (name: string) => cares.lookup(name);
    return new DnsDiscovery(data, owner, { lookup, onStop: () => cares.stop(), timers, random, stats });
  };

  readonly createStats = (observabilityName: string): DiscoveryStats =>
    new DiscoveryStats(this.#environment.stats.scope(`cluster.${observabilityName}`));
}
