import type { FormatEnvironment } from "../http/format/format-context.ts";
import type { RequestHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { pathWithoutQuery } from "../match/path-matcher.ts";
import { asciiLowerCase } from "../match/string-matcher.ts";
import { Runtime } from "../runtime/runtime.ts";
import { hostPortStart } from "./host-port.ts";
import { HostTable } from "./host-table.ts";
import { LazyVirtualHost } from "./lazy-virtual-host.ts";
import { type PerFilterConfigFactory, PerFilterConfigs } from "./per-filter-configs.ts";
import type { Route } from "./route.ts";
import { type RouteExplanation, triedRoutes } from "./route-explanation.ts";
import { RouteLevel } from "./route-level.ts";
import type { RouteTableData } from "./route-table-data.ts";

/**
 * Finds the route of a request: first its virtual host, then the first of that host's routes that matches. Built once
 * per worker from the snapshot's data, and immutable: a changed configuration is a new table, which replaces the old
 * one without touching connections or streams.
 */
export class RouteTable {
  readonly name: string;
  /** Headers (lower case) that the connection manager removes from external requests. */
  readonly internalOnlyHeaders: readonly string[];
  readonly #hosts = new HostTable<LazyVirtualHost>();
  readonly #virtualHostCount: number;
  readonly #ignorePort: boolean;
  readonly #ignorePathParameters: boolean;
  readonly #onDisposed: () => void;

  /**
   * `perFilterConfig` turns each per-route configuration into the filter's object; what it throws is thrown on. Without `runtime` every
   * share is as configured. `onDisposed` is where those objects are given up.
   */
  constructor(
    data: RouteTableData,
    perFilterConfig: PerFilterConfigFactory,
    format: FormatEnvironment,
    runtime = new Runtime(),
    onDisposed: () => void = () => {},
  ) {
    this.#onDisposed = onDisposed;
    this.name = data.name;
    this.internalOnlyHeaders = data.internalOnlyHeaders;
    this.#virtualHostCount = data.virtualHosts.length;
    this.#ignorePort = data.ignorePortInHostMatching;
    this.#ignorePathParameters = data.ignorePathParameters;
    const { mostSpecificHeaderMutationsWins } = data;
    const environment = { perFilterConfig, format, runtime, mostSpecificHeaderMutationsWins };
    const level = new RouteLevel(PerFilterConfigs.none, [], [], environment).extend(data);
    for (const host of data.virtualHosts) {
      const virtualHost = new LazyVirtualHost(host, data.name, level);
      for (const domain of host.domains) this.#hosts.add(domain, virtualHost);
    }
  }

  /**
   * The route for a request; null if no virtual host or no route matches. `randomValue`, a uniform integer in
   * [0, 2^32), decides fractions and weighted clusters: the same value gives the same route.
   * `info` null: nothing is known of the stream but its headers.
   */
  route(headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null = null): Route | null {
    const host = this.#hosts.lookup(this.#matchHost(headers.authority));
    const route = host?.get().route(this.#matchPath(headers.path), headers, randomValue, info) ?? null;
    if (route === null && info !== null) {
      info.failureNote =
        host === undefined
          ? `no virtual host of route configuration ${this.name} has this host`
          : `virtual host ${host.data.name} has none for the request`;
    }
    return route;
  }

  /** The table is no longer in force; requests that have a route of it keep it. */
  dispose(): void {
    this.#onDisposed();
  }

  /** How `route` comes to its answer. For people who ask: takes its time. */
  explain(headers: RequestHeaderMap, randomValue: number): RouteExplanation {
    const host = this.#matchHost(headers.authority);
    const found = this.#hosts.lookup(host);
    const facts = { routeConfig: this.name, host, virtualHostCount: this.#virtualHostCount };
    if (found === undefined) {
      return { ...facts, virtualHost: null, requiresTls: false, tried: [], routeCount: 0, route: null };
    }
    const { name, domains, routes } = found.data;
    const requiresTls = found.get().redirectsToTls(headers);
    return {
      ...facts,
      virtualHost: { name, domain: matchingDomain(domains, host) },
      requiresTls,
      tried: requiresTls ? [] : triedRoutes(routes, this.#matchPath(headers.path), headers, randomValue),
      routeCount: routes.length,
      route: this.route(headers, randomValue),
    };
  }

  #matchHost(authority: string): string {
    const portStart = this.#ignorePort ? hostPortStart(authority) : -1;
    return asciiLowerCase(portStart === -1 ? authority : authority.slice(0, portStart));
  }

  #matchPath(path: string): string {
    const bare = pathWithoutQuery(path);
    const semicolon = this.#ignorePathParameters ? bare.indexOf(";") : -1;
    return semicolon === -1 ? bare : bare.slice(0, semicolon);
  }
}

/** Which of a virtual host's domains takes the host. */
function matchingDomain(domains: readonly string[], host: string): string {
  const table = new HostTable<string>();
  for (const domain of domains) table.add(domain, domain);
  return table.lookup(host) ?? "";
}
