import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import { RoutingPriority } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  RouteAction_ClusterNotFoundResponseCode as NotFoundCode,
  type RouteAction,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import type { MaxStreamDuration } from "../max-stream-duration.ts";
import type { RequestMirrorData } from "../request-mirror.ts";
import type { RetryPolicyData } from "../retry-policy-data.ts";
import type { ForwardActionData, HostRewriteData, PathRewriteData } from "../route-table-data.ts";
import { compileClusterSpecifier, lbMetadata } from "./cluster-specifier.ts";
import { compileTimeoutMs } from "./duration.ts";
import { compileHashPolicy } from "./hash-policy.ts";
import { compileHeaderName } from "./header-name.ts";
import { compileInternalRedirect } from "./internal-redirect.ts";
import { compileRegexRewrite } from "./matchers.ts";
import { compileRateLimits } from "./rate-limits.ts";
import { compileRequestMirrors } from "./request-mirrors.ts";
import { compileRetryPolicy } from "./retry-policy.ts";
import { compileUpgrades } from "./upgrades.ts";

const DEFAULT_TIMEOUT_MS = 15_000;

const NOT_FOUND_STATUS: Record<NotFoundCode, 503 | 404 | 500> = {
  [NotFoundCode.SERVICE_UNAVAILABLE]: 503,
  [NotFoundCode.NOT_FOUND]: 404,
  [NotFoundCode.INTERNAL_SERVER_ERROR]: 500,
};

/** What a route inherits if it says nothing itself. */
export interface ForwardDefaults {
  readonly retryPolicy: RetryPolicyData | null;
  readonly hedgeOnPerTryTimeout: boolean;
  readonly mirrors: readonly RequestMirrorData[];
  /** Whether clusters named by the route must exist. */
  readonly requireClusters: boolean;
}

/** Envoy's `RouteAction`. */
export function compileForwardAction(
  message: RouteAction,
  defaults: ForwardDefaults,
  place: Place,
  context: CompileContext,
): ForwardActionData {
  const { retryPolicy, requestMirrorPolicies, internalRedirectPolicy } = message;
  return {
    type: "forward",
    cluster: compileClusterSpecifier(message, defaults.requireClusters, place, context),
    clusterNotFoundStatus: NOT_FOUND_STATUS[message.clusterNotFoundResponseCode],
    timeoutMs: compileTimeoutMs(message.timeout, DEFAULT_TIMEOUT_MS, place.field("timeout"), context),
    idleTimeoutMs: compileTimeoutMs(message.idleTimeout, -1, place.field("idle_timeout"), context),
    maxStreamDuration: compileMaxStreamDuration(message, place.field("max_stream_duration"), context),
    retryPolicy:
      retryPolicy === undefined
        ? defaults.retryPolicy
        : compileRetryPolicy(retryPolicy, place.field("retry_policy"), context),
    hedgeOnPerTryTimeout: message.hedgePolicy?.hedgeOnPerTryTimeout ?? defaults.hedgeOnPerTryTimeout,
    internalRedirect:
      internalRedirectPolicy === undefined
        ? null
        : compileInternalRedirect(internalRedirectPolicy, place.field("internal_redirect_policy"), context),
    mirrors: compileRequestMirrors(requestMirrorPolicies, defaults, place.field("request_mirror_policies"), context),
    hashPolicy: compileHashPolicy(message.hashPolicy, place.field("hash_policy"), context),
    priority: message.priority === RoutingPriority.HIGH ? "high" : "default",
    metadataMatch: lbMetadata(message.metadataMatch),
    pathRewrite: compilePathRewrite(message, place, context),
    hostRewrite: compileHostRewrite(message, place, context),
    appendXForwardedHost: message.appendXForwardedHost,
    ...compileUpgrades(message.upgradeConfigs, place.field("upgrade_configs"), context),
    rateLimits: compileRateLimits(message.rateLimits, place.field("rate_limits"), context),
    includeVirtualHostRateLimits: message.includeVhRateLimits ?? false,
  };
}

function compileMaxStreamDuration(
  message: RouteAction,
  place: Place,
  context: CompileContext,
): MaxStreamDuration | null {
  const duration = message.maxStreamDuration;
  if (duration === undefined) return null;
  const { maxStreamDuration, grpcTimeoutHeaderMax, grpcTimeoutHeaderOffset } = duration;
  const offset = place.field("grpc_timeout_header_offset");
  return {
    maxStreamDurationMs: compileTimeoutMs(maxStreamDuration, undefined, place.field("max_stream_duration"), context),
    grpcTimeoutHeaderMaxMs: compileTimeoutMs(
      grpcTimeoutHeaderMax,
      undefined,
      place.field("grpc_timeout_header_max"),
      context,
    ),
    grpcTimeoutHeaderOffsetMs: compileTimeoutMs(grpcTimeoutHeaderOffset, 0, offset, context),
  };
}

function compilePathRewrite(message: RouteAction, place: Place, context: CompileContext): PathRewriteData | null {
  const { prefixRewrite, regexRewrite } = message;
  if (regexRewrite === undefined) return prefixRewrite === "" ? null : { type: "prefix", value: prefixRewrite };
  const at = place.field("regex_rewrite");
  if (prefixRewrite !== "") context.error(at, "prefix_rewrite and regex_rewrite exclude each other");
  return { type: "regex", rewrite: compileRegexRewrite(regexRewrite, at, context) };
}

function compileHostRewrite(message: RouteAction, place: Place, context: CompileContext): HostRewriteData | null {
  const specifier = message.hostRewriteSpecifier;
  switch (specifier.case) {
    case "hostRewriteLiteral":
      return specifier.value === "" ? null : { type: "literal", value: specifier.value };
    case "autoHostRewrite":
      return specifier.value ? { type: "auto" } : null;
    case "hostRewriteHeader": {
      if (specifier.value === "") return null;
      const name = compileHeaderName(specifier.value, place.field("host_rewrite_header"), context);
      return { type: "header", name };
    }
    case "hostRewritePathRegex": {
      const rewrite = compileRegexRewrite(specifier.value, place.field("host_rewrite_path_regex"), context);
      return { type: "pathRegex", rewrite };
    }
    default:
      return null;
  }
}
