import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import type { Route } from "../../../route/route.ts";
import type { Counter, StatsScope } from "../../../stats/scope.ts";
import { ResponseCounters } from "../../../upstream/response-stats.ts";

/** What is counted of requests under one virtual cluster or route. */
export interface RequestScope {
  readonly total: Counter;
  readonly timeout: Counter;
  readonly retry: Counter;
  readonly retryLimitExceeded: Counter;
  readonly retryOverflow: Counter;
  readonly retrySuccess: Counter;
  readonly responses: ResponseCounters;
}

const NONE: readonly RequestScope[] = [];

/**
 * Finds what a request is counted under beside its cluster: `vhost.<name>.vcluster.<name>.` and, for routes with a `stat_prefix`,
 * `vhost.<name>.route.<stat_prefix>.`. The counters are made when a request first needs them. One for each router and worker.
 */
export class RequestScopes {
  readonly #stats: StatsScope;
  readonly #byName = new Map<string, RequestScope>();
  /** By route or virtual cluster. */
  readonly #byOwner = new WeakMap<object, RequestScope>();
  readonly #scopes: StatsScope[] = [];

  /** `stats` is the root of the worker's statistics. */
  constructor(stats: StatsScope) {
    this.#stats = stats;
  }

  /** Notes the virtual cluster of the request in its `streamInfo`. */
  of(route: Route, headers: RequestHeaderMap, streamInfo: StreamInfo): readonly RequestScope[] {
    const { virtualHost } = route;
    const { virtualClusters } = virtualHost;
    if (virtualClusters === null && route.statPrefix === "") return NONE;
    const scopes: RequestScope[] = [];
    if (virtualClusters !== null) {
      const virtualCluster = virtualClusters.of(headers);
      streamInfo.virtualClusterName = virtualCluster.name;
      scopes.push(
        this.#byOwner.get(virtualCluster) ??
          this.#make(virtualCluster, `vhost.${virtualHost.name}.vcluster.${virtualCluster.name}`),
      );
    }
    if (route.statPrefix !== "") {
      scopes.push(this.#byOwner.get(route) ?? this.#make(route, `vhost.${virtualHost.name}.route.${route.statPrefix}`));
    }
    return scopes;
  }

  /** Releases the statistics. */
  dispose(): void {
    for (const scope of this.#scopes.splice(0)) scope.release();
    this.#byName.clear();
  }

  #make(owner: object, name: string): RequestScope {
    let scope = this.#byName.get(name);
    if (scope === undefined) {
      const stats = this.#stats.scope(name);
      this.#scopes.push(stats);
      scope = {
        total: stats.counter("upstream_rq_total"),
        timeout: stats.counter("upstream_rq_timeout"),
        retry: stats.counter("upstream_rq_retry"),
        retryLimitExceeded: stats.counter("upstream_rq_retry_limit_exceeded"),
        retryOverflow: stats.counter("upstream_rq_retry_overflow"),
        retrySuccess: stats.counter("upstream_rq_retry_success"),
        responses: new ResponseCounters(stats),
      };
      this.#byName.set(name, scope);
    }
    this.#byOwner.set(owner, scope);
    return scope;
  }
}
