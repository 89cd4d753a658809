import type { CompileContext } from "../../config/compile-context.ts";
import { compileDataSource } from "../../config/data-source.ts";
import type { Place } from "../../config/place.ts";
import {
  type Route,
  VirtualHost_TlsRequirementType as TlsRequirement,
  type VirtualHost,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { RequestMirrorData } from "../request-mirror.ts";
import type { RouteActionData, RouteData, RouteMatchData, VirtualHostData } from "../route-table-data.ts";
import { compileForwardAction, type ForwardDefaults } from "./forward-action.ts";
import { compileHeaderMatcher } from "./matchers.ts";
import { compileRateLimits } from "./rate-limits.ts";
import { compileRedirectAction } from "./redirect-action.ts";
import { compileRequestMirrors } from "./request-mirrors.ts";
import { compileRetryPolicy } from "./retry-policy.ts";
import { compileMetadata, compileRouteLevel } from "./route-level.ts";
import { compileRouteMatch } from "./route-match.ts";
import { compileTemplateRewrite } from "./template-rewrite.ts";
import { compileRouteTracing } from "./tracing.ts";

const REQUIRE_TLS: Record<TlsRequirement, VirtualHostData["requireTls"]> = {
  [TlsRequirement.NONE]: "none",
  [TlsRequirement.EXTERNAL_ONLY]: "externalOnly",
  [TlsRequirement.ALL]: "all",
};

/** What a route configuration says for all its virtual hosts. */
export interface VirtualHostDefaults {
  readonly requireClusters: boolean;
  readonly maxDirectResponseBodyBytes: number;
  readonly mirrors: readonly RequestMirrorData[];
}

/** What a virtual host says for all its routes. */
interface RouteDefaults extends ForwardDefaults, VirtualHostDefaults {
  readonly requestBufferLimitBytes: number;
}

/** A virtual host with its routes; its domains are checked by the caller. */
export function compileVirtualHost(
  message: VirtualHost,
  domains: readonly string[],
  defaults: VirtualHostDefaults,
  place: Place,
  context: CompileContext,
): VirtualHostData {
  const { retryPolicy, requestMirrorPolicies } = message;
  const routeDefaults: RouteDefaults = {
    ...defaults,
    retryPolicy:
      retryPolicy === undefined ? null : compileRetryPolicy(retryPolicy, place.field("retry_policy"), context),
    requestBufferLimitBytes: message.perRequestBufferLimitBytes ?? -1,
    hedgeOnPerTryTimeout: message.hedgePolicy?.hedgeOnPerTryTimeout ?? false,
    mirrors: compileRequestMirrors(requestMirrorPolicies, defaults, place.field("request_mirror_policies"), context),
  };
  return {
    ...compileRouteLevel(message, place, context),
    name: message.name,
    domains,
    routes: message.routes.map((route, i) =>
      compileRoute(route, routeDefaults, place.field("routes").index(i), context),
    ),
    requireTls: REQUIRE_TLS[message.requireTls],
    includeRequestAttemptCount: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    includeIsTimeoutRetryHeader: message.includeIsTimeoutRetryHeader,
    virtualClusters: message.virtualClusters.map(({ name, headers }, i) => {
      const at = place.field("virtual_clusters").index(i).field("headers");
      return { name, headers: headers.map((matcher, j) => compileHeaderMatcher(matcher, at.index(j), context)) };
    }),
    rateLimits: compileRateLimits(message.rateLimits, place.field("rate_limits"), context),
    metadata: compileMetadata(message.metadata),
  };
}

function compileRoute(message: Route, defaults: RouteDefaults, place: Place, context: CompileContext): RouteData {
  const match =
    message.match === undefined
      ? { path: null, headers: [], queryParameters: [], grpc: false, tls: null, dynamicMetadata: [], fraction: null }
      : compileRouteMatch(message.match, place.field("match"), context);
  return {
    ...compileRouteLevel(message, place, context),
    name: message.name,
    statPrefix: message.statPrefix,
    match,
    action: compileAction(message, match, defaults, place, context),
    metadata: compileMetadata(message.metadata),
    decoratorOperation: message.decorator?.operation ?? "",
    decoratorPropagate: message.decorator?.propagate ?? true,
    tracing:
      message.tracing === undefined ? null : compileRouteTracing(message.tracing, place.field("tracing"), context),
    requestBufferLimitBytes: message.perRequestBufferLimitBytes ?? defaults.requestBufferLimitBytes,
  };
}

function compileAction(
  message: Route,
  match: RouteMatchData,
  defaults: RouteDefaults,
  place: Place,
  context: CompileContext,
): RouteActionData {
  const action = message.action;
  switch (action.case) {
    case "route": {
      const at = place.field("route");
      const forward = compileForwardAction(action.value, defaults, at, context);
      const pathRewrite = compileTemplateRewrite(action.value, match.path, at, context);
      return pathRewrite === undefined ? forward : { ...forward, pathRewrite };
    }
    case "redirect":
      return compileRedirectAction(action.value, place.field("redirect"), context);
    case "directResponse": {
      const { status, body } = action.value;
      const at = place.field("direct_response").field("body");
      const limit = defaults.maxDirectResponseBodyBytes;
      const bytes = body === undefined ? new Uint8Array() : compileDataSource(body, limit, at, context);
      return { type: "directResponse", status, body: bytes };
    }
    default:
      return { type: "nonForwarding" };
  }
}
