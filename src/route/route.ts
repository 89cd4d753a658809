import type { RequestHeaderMap, ResponseHeaderMap } from "../http/header-map.ts";
import type { StreamInfo } from "../http/stream-info.ts";
import type { ForwardSettings } from "./forward-settings.ts";
import type { HashPolicy } from "./hash-policy.ts";
import type { RateLimitPolicy } from "./rate-limit-policy.ts";
import type { RouteTracingData } from "./route-tracing.ts";
import type { VirtualClusters } from "./virtual-cluster.ts";

/**
 * What a request was routed to. Immutable and shared by all requests of one route table on one worker; it stays
 * valid after the table was replaced. A route with weighted clusters is as many of these as it has clusters, so that
 * the pick is made once, with the route.
 */
export interface Route {
  /** `""` if it has none. */
  readonly name: string;
  readonly statPrefix: string;
  readonly virtualHost: VirtualHost;
  /** Static metadata by namespace; the objects are plain JSON values. */
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly action: RouteAction;
  /** Name of the span, if the route's `decorator` gives one; `""` otherwise. */
  readonly decoratorOperation: string;
  readonly decoratorPropagate: boolean;
  /** Null = the connection manager's. */
  readonly tracing: RouteTracingData | null;
  /** Bytes of a request that filters and retries may hold; undefined = the listener's limit. */
  readonly requestBufferLimitBytes: number | undefined;

  /**
   * The most specific configuration of one filter, as the factory given to the `RouteTable` made it: weighted cluster,
   * else route, else virtual host, else route table. Undefined if none of them has one. `filterName` is the name the
   * filter has in the chain.
   */
  perFilterConfig(filterName: string): unknown;

  /** The configurations of one filter at all levels, the most general first; for filters that merge them. */
  perFilterConfigs(filterName: string): readonly unknown[];

  /** Whether the most specific `FilterConfig` wrapper disables (true) or enables (false) the filter; undefined = neither. */
  filterDisabled(filterName: string): boolean | undefined;

  /**
   * Applies the header mutations of all levels, then host rewrite, then path rewrite. Called once per request, by the
   * router. `keepOriginal` (default true; the router's `suppress_envoy_headers` turns it off) sets
   * `x-envoy-original-host` and `x-envoy-original-path`. Only the mutations apply if the route does not forward.
   */
  finalizeRequestHeaders(headers: RequestHeaderMap, streamInfo: StreamInfo, keepOriginal?: boolean): void;

  /** Applies the response header mutations of all levels. Called once per response, local replies of the route included. */
  finalizeResponseHeaders(
    headers: ResponseHeaderMap,
    requestHeaders: RequestHeaderMap | null,
    streamInfo: StreamInfo,
  ): void;
}

/** A virtual host, as far as others than the route table need it. */
export interface VirtualHost {
  readonly name: string;
  /** Name of the route configuration it belongs to. */
  readonly routeConfigName: string;
  /** Send `x-envoy-attempt-count` upstream. */
  readonly includeRequestAttemptCount: boolean;
  /** Send `x-envoy-attempt-count` downstream. */
  readonly includeAttemptCountInResponse: boolean;
  /** Send `x-envoy-is-timeout-retry` upstream. */
  readonly includeIsTimeoutRetryHeader: boolean;
  /** Empty if it has none. */
  readonly rateLimits: RateLimitPolicy;
  /** Null if it has none. */
  readonly virtualClusters: VirtualClusters | null;
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** What becomes of a request that took the route. */
export type RouteAction = ForwardAction | RedirectAction | DirectResponseAction | NonForwardingAction;

/** The request goes to a cluster. */
export interface ForwardAction {
  readonly type: "forward";
  readonly settings: ForwardSettings;
  /**
   * Name of the cluster for this request: a constant, or the value of the route's `cluster_header`; `""` if that
   * header is missing. Ask before `finalizeRequestHeaders`, which may remove the header.
   */
  clusterName(headers: RequestHeaderMap): string;
  /** Stream idle timeout; undefined = the connection manager's, 0 = off. */
  readonly idleTimeoutMs: number | undefined;
  /** What a hashing load balancer goes by; null if the route says nothing about it. */
  readonly hashPolicy: HashPolicy | null;
  /** Endpoint metadata (`envoy.lb`) that a host must carry, for subset load balancing; null = any host. */
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  /** The router replaces `:authority` by the host name of the endpoint, with `rewriteAuthority`. */
  readonly autoHostRewrite: boolean;
  /** Upgrade types (lower case) that this route enables or disables, beyond what the connection manager says. */
  readonly upgrades: ReadonlyMap<string, boolean>;
  /** Empty if the route has none of its own. */
  readonly rateLimits: RateLimitPolicy;
}

/** The proxy answers with a `location` itself. */
export interface RedirectAction {
  readonly type: "redirect";
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** Value of `location`; never holds CR, LF or NUL, whatever the request holds. */
  location(headers: RequestHeaderMap): string;
}

/** The proxy answers with a fixed text itself. */
export interface DirectResponseAction {
  readonly type: "directResponse";
  readonly status: number;
  /** Shared; must not be changed. Empty = no body. */
  readonly body: Buffer;
}

/** `non_forwarding_action`: some filter answers; if none does, the router refuses the request. */
export interface NonForwardingAction {
  readonly type: "nonForwarding";
}
