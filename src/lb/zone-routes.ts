/** The whole of what shares are parts of: hundredths of a percent. */
export const ALL = 10_000;

/** What one zone has of the cluster's healthy hosts and of the proxies that send to them. Shares are parts of `ALL`. */
export interface ZoneShare {
  /** Whether this proxy is in it. */
  readonly isOwn: boolean;
  readonly hosts: number;
  readonly proxies: number;
}

/** Where a proxy sends its requests. */
export interface ZoneRoutes {
  /** Index of the proxy's own zone; -1 if no host is in it. */
  readonly ownZone: number;
  /** How many of `ALL` requests stay in the zone. */
  readonly keptInZone: number;
  /** By zone: the sum, up to and including it, of what its hosts can take beyond what its own proxies send them. */
  readonly residuals: readonly number[];
}

/**
 * Works out how much stays in the own zone and how the rest spreads over the others, so that in the end all hosts have the same load.
 * Source: Envoy's `regenerateLocalityRoutingStructures`.
 */
export function zoneRoutes(zones: readonly ZoneShare[]): ZoneRoutes {
  const ownZone = zones.findIndex((zone) => zone.isOwn);
  const own = zones[ownZone];
  let sum = 0;
  const residuals = zones.map((zone) => {
    if (!zone.isOwn) sum += Math.max(0, zone.hosts - zone.proxies);
    return sum;
  });
  if (own === undefined) return { ownZone, keptInZone: 0, residuals };
  if (own.hosts > 0 && own.hosts >= own.proxies) return { ownZone, keptInZone: ALL, residuals };
  const keptInZone = own.proxies === 0 ? 0 : Math.floor((own.hosts * ALL) / own.proxies);
  return { ownZone, keptInZone, residuals };
}
