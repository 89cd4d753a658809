import type { CompiledRouteExtension } from "../config/compile-context.ts";
import type { HeaderMatcherData } from "../match/header-matcher.ts";
import type { PathMatcherData } from "../match/path-matcher.ts";
import type { QueryParameterMatcherData } from "../match/query-parameter-matcher.ts";
import type { RegexRewriteData } from "../match/regex-rewrite.ts";
import type { RuntimeNumberData, RuntimeShareData } from "../runtime/runtime.ts";
import type { ForwardSettings } from "./forward-settings.ts";
import type { HashPolicyData } from "./hash-policy-data.ts";
import type { HeaderMutationsData } from "./header-mutations.ts";
import type { RateLimitData } from "./rate-limit-data.ts";
import type { RouteTracingData } from "./route-tracing.ts";
import type { StreamConditionsData } from "./stream-conditions.ts";
import type { VirtualClusterData } from "./virtual-cluster.ts";

/** Static metadata by namespace, as JSON values. */
export type MetadataData = readonly (readonly [namespace: string, values: Readonly<Record<string, unknown>>])[];

/** Per-route filter configuration by the filter's name in the chain. */
export type PerFilterData = readonly (readonly [filterName: string, config: CompiledRouteExtension])[];

/** What every level of a route configuration may say; the levels are table, virtual host, route, weighted cluster. */
export interface RouteLevelData {
  readonly perFilter: PerFilterData;
  /** Null = nothing to change. */
  readonly requestHeaders: HeaderMutationsData | null;
  readonly responseHeaders: HeaderMutationsData | null;
}

/** Envoy's `RouteConfiguration`, checked and compiled to plain, immutable, serialisable data. */
export interface RouteTableData extends RouteLevelData {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostData[];
  readonly ignorePortInHostMatching: boolean;
  /** Matching looks at the path only as far as its first `;`. */
  readonly ignorePathParameters: boolean;
  readonly mostSpecificHeaderMutationsWins: boolean;
  /** Headers (lower case) that only internal requests may bring. */
  readonly internalOnlyHeaders: readonly string[];
}

/** One of the `virtual_hosts`. */
export interface VirtualHostData extends RouteLevelData {
  readonly name: string;
  /** Lower case, unique in the table. */
  readonly domains: readonly string[];
  readonly routes: readonly RouteData[];
  readonly requireTls: "none" | "externalOnly" | "all";
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly includeIsTimeoutRetryHeader: boolean;
  readonly virtualClusters: readonly VirtualClusterData[];
  readonly rateLimits: readonly RateLimitData[];
  readonly metadata: MetadataData;
}

/** One of the `routes` of a virtual host; what it inherits from the host is filled in. */
export interface RouteData extends RouteLevelData {
  readonly name: string;
  readonly statPrefix: string;
  readonly match: RouteMatchData;
  readonly action: RouteActionData;
  readonly metadata: MetadataData;
  readonly decoratorOperation: string;
  readonly decoratorPropagate: boolean;
  /** Null = the connection manager's. */
  readonly tracing: RouteTracingData | null;
  /** -1 = the listener's. Already inherited from the virtual host. */
  readonly requestBufferLimitBytes: number;
}

/** The conditions of a route; all must hold. */
export interface RouteMatchData extends StreamConditionsData {
  /** Null = `connect_matcher`: CONNECT requests. */
  readonly path: PathMatcherData | null;
  readonly headers: readonly HeaderMatcherData[];
  readonly queryParameters: readonly QueryParameterMatcherData[];
  readonly grpc: boolean;
  /** Null = always. */
  readonly fraction: FractionData | null;
}

/** `numerator` of `denominator` requests, unless runtime has something else under `runtimeKey`. */
export type FractionData = RuntimeShareData;

/** What becomes of a request that takes the route. */
export type RouteActionData =
  | ForwardActionData
  | RedirectActionData
  | { readonly type: "directResponse"; readonly status: number; readonly body: Uint8Array }
  | { readonly type: "nonForwarding" };

/** Envoy's `RouteAction`. */
export interface ForwardActionData extends ForwardSettings {
  readonly type: "forward";
  readonly cluster: ClusterSpecifierData;
  /** -1 = the connection manager's. */
  readonly idleTimeoutMs: number;
  readonly hashPolicy: readonly HashPolicyData[];
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly pathRewrite: PathRewriteData | null;
  readonly hostRewrite: HostRewriteData | null;
  /** Lower case. */
  readonly upgrades: readonly (readonly [upgradeType: string, enabled: boolean])[];
  readonly rateLimits: readonly RateLimitData[];
}

/** Where the name of the cluster comes from. */
export type ClusterSpecifierData =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "header"; readonly header: string }
  | {
      readonly type: "weighted";
      /** The sum of their weights is not 0. */
      readonly clusters: readonly WeightedClusterData[];
      /** Header that gives the random value; `""` = none. */
      readonly randomHeader: string;
    };

/** One of the `weighted_clusters`. */
export interface WeightedClusterData extends RouteLevelData {
  /** `""` if `header` is given. */
  readonly name: string;
  readonly header: string;
  /** May be another by runtime. */
  readonly weight: RuntimeNumberData;
  /** Merged with the route's. */
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  /** `""` = the route's host rewrite. */
  readonly hostRewriteLiteral: string;
}

/** `prefix` replaces what the route matched (the whole path, unless it matched a prefix). */
export type PathRewriteData =
  | { readonly type: "prefix"; readonly value: string }
  | { readonly type: "regex"; readonly rewrite: RegexRewriteData };

/** How `:authority` is replaced; `auto` = by the host name of the endpoint, which the router does. */
export type HostRewriteData =
  | { readonly type: "literal"; readonly value: string }
  | { readonly type: "header"; readonly name: string }
  | { readonly type: "pathRegex"; readonly rewrite: RegexRewriteData }
  | { readonly type: "auto" };

/** Envoy's `RedirectAction`. */
export interface RedirectActionData {
  readonly type: "redirect";
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** `""` = the request's. */
  readonly scheme: string;
  /** `""` = the request's. */
  readonly host: string;
  /** 0 = none in the answer, or the request's if its host is kept. */
  readonly port: number;
  /** `""` = the request's path, with `pathRewrite`. */
  readonly path: string;
  readonly pathRewrite: PathRewriteData | null;
  readonly stripQuery: boolean;
}
