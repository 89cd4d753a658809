import type { NamedHttpFilter } from "../../../http/filter-manager/filter-manager.ts";
import type { Route } from "../../../route/route.ts";

/** What one `upgrade_configs` entry of the connection manager comes to on a worker. */
export interface UpgradeFilters {
  /** Off unless a route allows it. */
  readonly enabled: boolean;
  /** The chain for such requests: the entry's own, or else the connection manager's. */
  readonly filters: readonly NamedHttpFilter[];
}

/** Upgrade types (lower case; `connect` for CONNECT) that the connection manager knows. */
export type UpgradeTable = ReadonlyMap<string, UpgradeFilters>;

/**
 * The filters for a request that asks to switch to `type` (lower case); null if it may not. The route has the last word, in both
 * directions. `filters` is the connection manager's own chain. Source: Envoy's `HttpConnectionManagerConfig::createUpgradeFilterChain`.
 */
export function upgradeFilters(
  type: string,
  route: Route | null,
  table: UpgradeTable,
  filters: readonly NamedHttpFilter[],
): readonly NamedHttpFilter[] | null {
  const ofRoute = route !== null && route.action.type === "forward" ? route.action.upgrades.get(type) : undefined;
  if (ofRoute === false) return null;
  const known = table.get(type);
  if (ofRoute === undefined && known?.enabled !== true) return null;
  return known === undefined ? filters : known.filters;
}
