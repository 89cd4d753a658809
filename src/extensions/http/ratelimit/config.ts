import type { CompileContext } from "../../../config/compile-context.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, only, supportAll, yes } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import type { RuntimeFractionalPercent } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import { RateLimitServiceConfigSchema } from "../../../proto/gen/envoy/config/ratelimit/v3/rls_pb.js";
import {
  RateLimit_XRateLimitHeadersRFCVersion as HeadersVersion,
  RateLimitPerRoute_VhRateLimitsOptions as HostOptions,
  type RateLimit,
  RateLimitPerRouteSchema,
  RateLimitSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.js";
import { HttpStatusSchema } from "../../../proto/gen/envoy/type/v3/http_status_pb.js";
import { compileHeaderMutations } from "../../../route/compile/header-mutations.ts";
import { compileFilterRateLimits, rateLimitsSupport } from "../../../route/compile/rate-limits.ts";
import { compileRuntimeFraction } from "../../../route/compile/route-match.ts";
import type { VirtualHostRateLimits } from "../../../route/rate-limit-descriptors.ts";
import type { RuntimeShareData } from "../../../runtime/runtime.ts";
import { compileGrpcService, GRPC_SERVICE } from "../../../upstream/compile/grpc-service.ts";
import type { RateLimitFilterData, RateLimitFilterRouteData } from "./rate-limit-filter-data.ts";

/** Envoy's. */
const DEFAULT_TIMEOUT_MS = 20;
const TOO_MANY = 429;
const SERVER_ERROR = 500;
const OF_VIRTUAL_HOST: Readonly<Record<HostOptions, VirtualHostRateLimits>> = {
  [HostOptions.OVERRIDE]: "override",
  [HostOptions.INCLUDE]: "include",
  [HostOptions.IGNORE]: "ignore",
};

const ALL: RuntimeShareData = { numerator: 100, denominator: 100, runtimeKey: "" };
const NONE: RuntimeShareData = { ...ALL, numerator: 0 };
const ENABLED: RuntimeShareData = { ...ALL, runtimeKey: "ratelimit.http_filter_enabled" };
const ENFORCED: RuntimeShareData = { ...ALL, runtimeKey: "ratelimit.http_filter_enforcing" };

/** `envoy.filters.http.ratelimit`, main side. */
export const rateLimitConfig = extensionConfig({
  name: "envoy.filters.http.ratelimit",
  categories: ["envoy.filters.http"],
  schema: RateLimitSchema,
  routeSchema: RateLimitPerRouteSchema,
  configRequired: true,
  support: [
    supportAll(RateLimitSchema),
    ...rateLimitsSupport,
    supportAll(RateLimitServiceConfigSchema, {
      grpc_service: GRPC_SERVICE,
      transport_api_version: only(["AUTO", "V3"], "write V3"),
    }),
    supportAll(HttpStatusSchema),
    supportAll(RateLimitPerRouteSchema, {
      override_option: notYet("Envoy ignores it", "use vh_rate_limits"),
      rate_limits: notYet("Envoy ignores it", "write rate_limits at the route or virtual host"),
      vh_rate_limits: yes,
    }),
  ],
  compile,
  compileRoute: ({ vhRateLimits, domain }): RateLimitFilterRouteData => ({
    ofVirtualHost: OF_VIRTUAL_HOST[vhRateLimits],
    domain,
  }),
});

function compileShare(message: RuntimeFractionalPercent | undefined, otherwise: RuntimeShareData): RuntimeShareData {
  return message === undefined ? otherwise : compileRuntimeFraction(message);
}

function compile(message: RateLimit, place: Place, context: CompileContext): RateLimitFilterData {
  const at = place.field("rate_limit_service").field("grpc_service");
  const grpc = message.rateLimitService?.grpcService;
  if (grpc?.timeout !== undefined) {
    context.warning(at.field("timeout"), "has no effect: the timeout of the filter counts", "set it beside domain");
  }
  const status = message.rateLimitedStatus?.code ?? TOO_MANY;
  const service = compileGrpcService(grpc, DEFAULT_TIMEOUT_MS, at, context);
  return {
    domain: message.domain,
    stage: message.stage,
    requestType:
      message.requestType === "internal" || message.requestType === "external" ? message.requestType : "both",
    service: { ...service, timeoutMs: durationMs(message.timeout, DEFAULT_TIMEOUT_MS) },
    enabled: compileShare(message.filterEnabled, ENABLED),
    enforced: compileShare(message.filterEnforced, ENFORCED),
    failureModeDeny: compileShare(message.failureModeDenyPercent, message.failureModeDeny ? ALL : NONE),
    rateLimits: compileFilterRateLimits(message.rateLimits, place.field("rate_limits"), context),
    asResourceExhausted: message.rateLimitedAsResourceExhausted,
    tellsLimits: message.enableXRatelimitHeaders === HeadersVersion.DRAFT_VERSION_03,
    tellsRefusal: !message.disableXEnvoyRatelimitedHeader,
    status: status < 400 ? TOO_MANY : status,
    statusOnError: message.statusOnError?.code || SERVER_ERROR,
    responseHeaders: compileHeaderMutations("response", message.responseHeadersToAdd, [], place, context) ?? {
      remove: [],
      add: [],
    },
    statPrefix: message.statPrefix,
  };
}
