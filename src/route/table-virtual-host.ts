import type { RequestHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import { RateLimitPolicy } from "./rate-limit-policy.ts";
import { LocationRedirect } from "./redirect-location.ts";
import type { Route, VirtualHost } from "./route.ts";
import { RouteEntry } from "./route-entry.ts";
import type { RouteLevel } from "./route-level.ts";
import { RouteList } from "./route-list.ts";
import type { VirtualHostData } from "./route-table-data.ts";
import { createMetadata, TableRoute } from "./table-route.ts";
import { VirtualClusters } from "./virtual-cluster.ts";

const HTTPS_REDIRECT = {
  type: "redirect",
  status: 301,
  scheme: "https",
  host: "",
  port: 0,
  path: "",
  pathRewrite: null,
  stripQuery: false,
} as const;

/** A virtual host of a `RouteTable`, with its routes. Immutable. */
export class TableVirtualHost implements VirtualHost {
  readonly name: string;
  readonly routeConfigName: string;
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly includeIsTimeoutRetryHeader: boolean;
  readonly rateLimits: RateLimitPolicy;
  readonly virtualClusters: VirtualClusters | null;
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly #requireTls: VirtualHostData["requireTls"];
  readonly #httpsRedirect: Route | null;
  readonly #routes: RouteList;

  /** `tableLevel` is what the route table says for all its virtual hosts. */
  constructor(data: VirtualHostData, routeConfigName: string, tableLevel: RouteLevel) {
    this.name = data.name;
    this.routeConfigName = routeConfigName;
    this.includeRequestAttemptCount = data.includeRequestAttemptCount;
    this.includeAttemptCountInResponse = data.includeAttemptCountInResponse;
    this.includeIsTimeoutRetryHeader = data.includeIsTimeoutRetryHeader;
    this.virtualClusters = data.virtualClusters.length === 0 ? null : new VirtualClusters(data.virtualClusters);
    this.rateLimits = RateLimitPolicy.of(data.rateLimits);
    this.metadata = createMetadata(data.metadata);
    this.#requireTls = data.requireTls;
    const level = tableLevel.extend(data);
    this.#httpsRedirect = data.requireTls === "none" ? null : this.#createHttpsRedirect(level);
    this.#routes = new RouteList(
      data.routes.map((route) => ({ path: route.match.path, entry: new RouteEntry(route, this, level) })),
    );
  }

  /** The route for a request to this host; `matchPath` is its path as far as matching looks. Null if none matches. */
  route(matchPath: string, headers: RequestHeaderMap, randomValue: number, info: StreamInfo | null): Route | null {
    if (this.redirectsToTls(headers)) return this.#httpsRedirect;
    const entry = this.#routes.find(matchPath, headers, randomValue, info);
    return entry === null ? null : entry.pick(headers, randomValue);
  }

  /** Whether the host sends the request away because it came without TLS. */
  redirectsToTls(headers: RequestHeaderMap): boolean {
    return this.#httpsRedirect !== null && this.#lacksTls(headers);
  }

  #lacksTls(headers: RequestHeaderMap): boolean {
    if ((headers.get("x-forwarded-proto") ?? headers.scheme) === "https") return false;
    return this.#requireTls === "all" || headers.get("x-envoy-internal") !== "true";
  }

  #createHttpsRedirect(level: RouteLevel): Route {
    const facts = {
      name: "",
      statPrefix: "",
      metadata: createMetadata([]),
      decoratorOperation: "",
      decoratorPropagate: true,
      tracing: null,
      requestBufferLimitBytes: undefined,
    };
    return new TableRoute(facts, this, level, new LocationRedirect(HTTPS_REDIRECT, null));
  }
}
