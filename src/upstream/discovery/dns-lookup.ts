import { promises } from "node:dns";
import { isIP } from "node:net";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { Counter, Gauge, StatsScope } from "../../stats/scope.ts";
import type { DnsDiscoveryData, DnsLookupFamily } from "../cluster-data.ts";
import type { SystemNames } from "./system-names.ts";

/** What a name is at the moment. */
export interface DnsAnswer {
  /** IP addresses, in the order in which they are to be preferred; empty if there is no such name or it has none. */
  readonly addresses: readonly string[];
  /** How long that is true, by the records; undefined if nobody said. */
  readonly ttlMs: number | undefined;
}

/** Asks what addresses a name has. Rejects if that can't be found out, with a word such as `ETIMEOUT` as the message. */
export type DnsLookup = (name: string) => Promise<DnsAnswer>;

/** `dns.cares.*`; Envoy's names. */
export class DnsStats {
  readonly resolveTotal: Counter;
  readonly pendingResolutions: Gauge;
  readonly notFound: Counter;
  readonly timeout: Counter;
  readonly getAddrFailure: Counter;
  readonly reinits: Counter;

  constructor(scope: StatsScope) {
    this.resolveTotal = scope.counter("dns.cares.resolve_total");
    this.pendingResolutions = scope.gauge("dns.cares.pending_resolutions");
    this.notFound = scope.counter("dns.cares.not_found");
    this.timeout = scope.counter("dns.cares.timeout");
    this.getAddrFailure = scope.counter("dns.cares.get_addr_failure");
    this.reinits = scope.counter("dns.cares.reinits");
  }
}

/** What look-ups need beside the settings of their cluster. */
export interface DnsEnvironment {
  readonly timers: TimerWheel;
  readonly stats: DnsStats;
  readonly names: SystemNames;
}

const QUERY_TIMEOUT_MS = 2000;
const QUERY_TRIES = 3;
/** Longer than c-ares ever takes with the settings above; after that the resolver is taken to be stuck. */
const STUCK_AFTER_MS = 30_000;

/**
 * Looks names up with c-ares, which uses no thread of the pool and never blocks. The hosts file and search domains are honoured as
 * the system's own resolver would, unless the cluster names its servers or forbids searching. A resolver that does not answer at all is
 * replaced.
 */
export class CaresLookup {
  readonly #settings: DnsDiscoveryData;
  readonly #environment: DnsEnvironment;
  #resolver: promises.Resolver;

  constructor(settings: DnsDiscoveryData, environment: DnsEnvironment) {
    this.#settings = settings;
    this.#environment = environment;
    this.#resolver = this.#createResolver();
  }

  /** See `DnsLookup`. */
  async lookup(name: string): Promise<DnsAnswer> {
    if (isIP(name) !== 0) return { addresses: [name], ttlMs: undefined };
    const { stats } = this.#environment;
    stats.resolveTotal.inc();
    stats.pendingResolutions.inc();
    try {
      const answer = await this.#unlessStuck(this.#findName(name));
      if (answer.addresses.length === 0) stats.notFound.inc();
      return answer;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "EUNKNOWN";
      (code === "ETIMEOUT" ? stats.timeout : stats.getAddrFailure).inc();
      throw new Error(code);
    } finally {
      stats.pendingResolutions.dec();
    }
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#resolver.cancel();
  }

  async #findName(name: string): Promise<DnsAnswer> {
    const { resolvers, searchesDomains, lookupFamily } = this.#settings;
    const { names } = this.#environment;
    if (resolvers.length === 0) {
      const known = ofFamily(names.hostsFileAddresses(name), lookupFamily);
      if (known.length > 0) return { addresses: known, ttlMs: undefined };
    }
    let answer: DnsAnswer = { addresses: [], ttlMs: undefined };
    for (const candidate of searchesDomains && resolvers.length === 0 ? names.candidates(name) : [name]) {
      answer = await this.#findFamilies(candidate);
      if (answer.addresses.length > 0) break;
    }
    return answer;
  }

  async #findFamilies(name: string): Promise<DnsAnswer> {
    switch (this.#settings.lookupFamily) {
      case "v4Only":
        return this.#find(name, 4);
      case "v6Only":
        return this.#find(name, 6);
      case "all": {
        const [v4, v6] = await Promise.all([this.#find(name, 4), this.#find(name, 6)]);
        return { addresses: [...v4.addresses, ...v6.addresses], ttlMs: shortest(v4.ttlMs, v6.ttlMs) };
      }
      default: {
        const [first, second] = this.#settings.lookupFamily === "auto" ? ([6, 4] as const) : ([4, 6] as const);
        const preferred = await this.#find(name, first);
        return preferred.addresses.length > 0 ? preferred : this.#find(name, second);
      }
    }
  }

  async #find(name: string, family: 4 | 6): Promise<DnsAnswer> {
    try {
      const resolver = this.#resolver;
      const records = await (family === 4
        ? resolver.resolve4(name, { ttl: true })
        : resolver.resolve6(name, { ttl: true }));
      const ttls = records.map(({ ttl }) => ttl * 1000);
      return {
        addresses: records.map(({ address }) => address),
        ttlMs: ttls.length > 0 ? Math.min(...ttls) : undefined,
      };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOTFOUND" || code === "ENODATA") return { addresses: [], ttlMs: undefined };
      throw error;
    }
  }

  async #unlessStuck(answer: Promise<DnsAnswer>): Promise<DnsAnswer> {
    const stuck = Promise.withResolvers<never>();
    const timer = this.#environment.timers.timer(() => {
      this.#environment.stats.reinits.inc();
      const old = this.#resolver;
      this.#resolver = this.#createResolver();
      old.cancel();
      stuck.reject(Object.assign(new Error("the resolver is stuck"), { code: "ETIMEOUT" }));
    });
    timer.arm(STUCK_AFTER_MS);
    // Whichever comes second has no listener.
    answer.catch(() => {});
    try {
      return await Promise.race([answer, stuck.promise]);
    } finally {
      timer.disarm();
    }
  }

  #createResolver(): promises.Resolver {
    const resolver = new promises.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
    if (this.#settings.resolvers.length > 0) resolver.setServers(this.#settings.resolvers);
    return resolver;
  }
}

/** Those of the addresses that the family asks for, the preferred first. */
function ofFamily(addresses: readonly string[], family: DnsLookupFamily): readonly string[] {
  const v4 = addresses.filter((address) => isIP(address) === 4);
  const v6 = addresses.filter((address) => isIP(address) === 6);
  switch (family) {
    case "v4Only":
      return v4;
    case "v6Only":
      return v6;
    case "all":
      return [...v4, ...v6];
    case "auto":
      return v6.length > 0 ? v6 : v4;
    case "v4Preferred":
      return v4.length > 0 ? v4 : v6;
  }
}

function shortest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
