import type { RouteLevel } from "./route-level.ts";
import type { RouteActionData, VirtualHostData } from "./route-table-data.ts";
import { TableVirtualHost } from "./table-virtual-host.ts";

/**
 * A virtual host that is built for its first request, because a table may have ten thousand of them and must not hold
 * up the worker that takes it over. Those with configuration for filters are built at once: that may fail, and
 * then the table must be refused.
 */
export class LazyVirtualHost {
  readonly #routeConfigName: string;
  readonly #tableLevel: RouteLevel;
  readonly data: VirtualHostData;
  #host: TableVirtualHost | null = null;

  /** Takes what `TableVirtualHost` takes. */
  constructor(data: VirtualHostData, routeConfigName: string, tableLevel: RouteLevel) {
    this.data = data;
    this.#routeConfigName = routeConfigName;
    this.#tableLevel = tableLevel;
    if (configuresFilters(data)) this.get();
  }

  /** The host itself. */
  get(): TableVirtualHost {
    this.#host ??= new TableVirtualHost(this.data, this.#routeConfigName, this.#tableLevel);
    return this.#host;
  }
}

function configuresFilters(data: VirtualHostData): boolean {
  return (
    data.perFilter.length > 0 ||
    data.routes.some((route) => route.perFilter.length > 0 || clustersConfigureFilters(route.action))
  );
}

function clustersConfigureFilters(action: RouteActionData): boolean {
  if (action.type !== "forward" || action.cluster.type !== "weighted") return false;
  return action.cluster.clusters.some((cluster) => cluster.perFilter.length > 0);
}
