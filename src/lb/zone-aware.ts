import type { RandomSource } from "../base/random.ts";
import type { Counter } from "../stats/scope.ts";
import type { HostLevel } from "./host-level.ts";
import { hostsByLocality } from "./hosts-by-locality.ts";
import type { LbHost, Locality } from "./lb-host.ts";
import type { HostPicker, HostPickerFactory } from "./load-balancer.ts";
import type { LoadBalancerContext } from "./load-balancer-context.ts";
import { localityKey } from "./locality-key.ts";
import { ALL, type ZoneRoutes, type ZoneShare, zoneRoutes } from "./zone-routes.ts";

/** Settings of zone-aware routing. Plain data. */
export interface ZoneAwareSettings {
  /** Of how many requests zones are looked at. Default 100. */
  readonly routingEnabledPercent: number;
  /** With fewer healthy hosts zones do not count. Default 6. */
  readonly minClusterSize: number;
  /** Answer "no host" instead of using unhealthy ones in a panic, or all zones when the proxies themselves are in one. */
  readonly failTrafficOnPanic: boolean;
  /** Where this proxy is. */
  readonly ownLocality: Locality;
  /** Fewer usable proxies than this are a panic of theirs. */
  readonly panicThresholdPercent: number;
}

/** The `lb_*` counters of zone-aware routing, without the prefix. */
export interface ZoneAwareStats {
  readonly recalculateZoneStructures: Counter;
  readonly localClusterNotOk: Counter;
  readonly zoneClusterTooSmall: Counter;
  readonly zoneNoCapacityLeft: Counter;
  /** Proxies and hosts are in different numbers of zones. Older versions of Envoy then ignored zones; they are counted, and count. */
  readonly zoneNumberDiffers: Counter;
  readonly zoneRoutingAllDirectly: Counter;
  readonly zoneRoutingSampled: Counter;
  readonly zoneRoutingCrossZone: Counter;
}

/** What zone-aware pickers of one cluster have in common. */
export interface ZoneAwareEnvironment<H extends LbHost> {
  readonly settings: ZoneAwareSettings;
  readonly picker: HostPickerFactory<H>;
  readonly random: RandomSource;
  readonly stats: ZoneAwareStats;
}

/**
 * Keeps requests in the proxy's own zone as far as this leaves all hosts the same load: where proxies are many and hosts few, some
 * requests leave the zone. Only for the first priority. Source: Envoy's `ZoneAwareLoadBalancerBase`.
 * Differs from Envoy: degraded hosts are used whatever their zone.
 */
export class ZoneAware<H extends LbHost> implements HostPicker<H> {
  readonly #environment: ZoneAwareEnvironment<H>;
  readonly #anyZone: HostPicker<H>;
  readonly #zones: readonly HostPicker<H>[];
  readonly #routes: ZoneRoutes;
  readonly #proxiesPanic: boolean;

  private constructor(
    environment: ZoneAwareEnvironment<H>,
    healthy: readonly H[],
    zones: readonly (readonly H[])[],
    routes: ZoneRoutes,
    proxiesPanic: boolean,
  ) {
    this.#environment = environment;
    this.#anyZone = environment.picker(healthy);
    this.#zones = zones.map((hosts) => environment.picker(hosts));
    this.#routes = routes;
    this.#proxiesPanic = proxiesPanic;
  }

  /** The picker of a priority's healthy hosts, given the proxies of the local cluster; null if zones can't or shall not count. */
  static of<H extends LbHost>(
    { all, healthy }: HostLevel<H>,
    proxies: readonly LbHost[],
    environment: ZoneAwareEnvironment<H>,
  ): ZoneAware<H> | null {
    const { settings, stats } = environment;
    stats.recalculateZoneStructures.inc();
    const zones = hostsByLocality(all);
    const proxyZones = hostsByLocality(proxies);
    if (zones.length !== proxyZones.length) stats.zoneNumberDiffers.inc();
    if (zones.length < 2 || proxyZones.length < 2) return null;
    const own = localityKey(settings.ownLocality);
    if (!proxyZones.some(({ locality }) => localityKey(locality) === own)) {
      stats.localClusterNotOk.inc();
      return null;
    }
    if (healthy.length < settings.minClusterSize) {
      stats.zoneClusterTooSmall.inc();
      return null;
    }
    const usable = proxies.filter((proxy) => proxy.health !== "unhealthy").length;
    const proxiesPanic = (100 * usable) / proxies.length < settings.panicThresholdPercent;
    const healthyZones = zones.map(({ hosts }) => hosts.filter((host) => host.health === "healthy"));
    const shares = zones.map(
      ({ locality }, at): ZoneShare => ({
        isOwn: localityKey(locality) === own,
        hosts: shareOf(healthyZones[at]!.length, healthy.length),
        proxies: proxyShare(proxies, locality),
      }),
    );
    return new ZoneAware(environment, healthy, healthyZones, zoneRoutes(shares), proxiesPanic);
  }

  pick(context: LoadBalancerContext): H | null {
    const { settings, random, stats } = this.#environment;
    if (settings.routingEnabledPercent < 100 && random.uint32() % 100 >= settings.routingEnabledPercent) {
      return this.#anyZone.pick(context);
    }
    if (this.#proxiesPanic) {
      stats.localClusterNotOk.inc();
      return settings.failTrafficOnPanic ? null : this.#anyZone.pick(context);
    }
    return this.#zones[this.#chooseZone()]!.pick(context);
  }

  #chooseZone(): number {
    const { random, stats } = this.#environment;
    const { ownZone, keptInZone, residuals } = this.#routes;
    if (keptInZone === ALL) {
      stats.zoneRoutingAllDirectly.inc();
      return ownZone;
    }
    if (keptInZone > 0 && random.uint32() % ALL < keptInZone) {
      stats.zoneRoutingSampled.inc();
      return ownZone;
    }
    stats.zoneRoutingCrossZone.inc();
    const total = residuals.at(-1)!;
    if (total === 0) {
      stats.zoneNoCapacityLeft.inc();
      return random.uint32() % this.#zones.length;
    }
    const point = random.uint32() % total;
    return residuals.findIndex((bound) => point < bound);
  }
}

function proxyShare(proxies: readonly LbHost[], locality: Locality): number {
  const key = localityKey(locality);
  const healthy = proxies.filter((proxy) => proxy.health === "healthy");
  return shareOf(healthy.filter((proxy) => localityKey(proxy.locality) === key).length, healthy.length);
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((ALL * part) / whole);
}
