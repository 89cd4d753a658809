import type { CompileContext } from "../../../config/compile-context.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { noEffect, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  type FaultDelay,
  FaultDelay_HeaderDelaySchema,
  FaultDelaySchema,
  type FaultRateLimit,
  FaultRateLimit_FixedLimitSchema,
  FaultRateLimit_HeaderLimitSchema,
  FaultRateLimitSchema,
} from "../../../proto/gen/envoy/extensions/filters/common/fault/v3/fault_pb.js";
import {
  type FaultAbort,
  FaultAbort_HeaderAbortSchema,
  FaultAbortSchema,
  type HTTPFault,
  HTTPFaultSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js";
import { compileHeaderMatcher } from "../../../route/compile/matchers.ts";
import { compileFractionalPercent } from "../../../route/compile/route-match.ts";
import type { FaultAbortData, FaultData, FaultDelayData, FaultRateLimitData } from "./fault-data.ts";

const NO_RUNTIME = noEffect("Troupe has no runtime layers: the values of the configuration always hold");
/** Rates beyond this are none: 1 TiB/s. */
const LARGEST_KIB = 1 << 30;

/** `envoy.filters.http.fault`, main side. */
export const faultConfig = extensionConfig({
  name: "envoy.filters.http.fault",
  categories: ["envoy.filters.http"],
  schema: HTTPFaultSchema,
  routeSchema: HTTPFaultSchema,
  support: [
    supportAll(HTTPFaultSchema, {
      delay_percent_runtime: NO_RUNTIME,
      abort_percent_runtime: NO_RUNTIME,
      delay_duration_runtime: NO_RUNTIME,
      abort_http_status_runtime: NO_RUNTIME,
      max_active_faults_runtime: NO_RUNTIME,
      response_rate_limit_percent_runtime: NO_RUNTIME,
      abort_grpc_status_runtime: NO_RUNTIME,
    }),
    supportAll(FaultAbortSchema),
    supportAll(FaultAbort_HeaderAbortSchema),
    supportAll(FaultDelaySchema),
    supportAll(FaultDelay_HeaderDelaySchema),
    supportAll(FaultRateLimitSchema),
    supportAll(FaultRateLimit_FixedLimitSchema),
    supportAll(FaultRateLimit_HeaderLimitSchema),
  ],
  compile: (message, place, context) =>
    compileFault(message, place, context, context.addResource("sharedCount", "fault/active_faults", null)),
  compileRoute: (message, place, context) => compileFault(message, place, context, ""),
});

function compileFault(message: HTTPFault, place: Place, context: CompileContext, activeFaults: string): FaultData {
  const { delay, abort, responseRateLimit } = message;
  const at = place.field("headers");
  return {
    delay: delay === undefined ? null : compileDelay(delay),
    abort: abort === undefined ? null : compileAbort(abort),
    rateLimit: responseRateLimit === undefined ? null : compileRateLimit(responseRateLimit),
    upstreamCluster: message.upstreamCluster,
    headers: message.headers.map((matcher, i) => compileHeaderMatcher(matcher, at.index(i), context)),
    downstreamNodes: message.downstreamNodes,
    maxActiveFaults: message.maxActiveFaults ?? null,
    countsByDownstreamCluster: !message.disableDownstreamClusterStats,
    metadata: message.filterMetadata ?? null,
    activeFaults,
  };
}

function compileDelay({ faultDelaySecifier: kind, percentage }: FaultDelay): FaultDelayData {
  return {
    fixedMs: kind.case === "fixedDelay" ? durationMs(kind.value, 0) : null,
    fraction: compileFractionalPercent(percentage),
  };
}

function compileAbort({ errorType: kind, percentage }: FaultAbort): FaultAbortData {
  return {
    httpStatus: kind.case === "httpStatus" ? kind.value : null,
    grpcStatus: kind.case === "grpcStatus" ? kind.value : null,
    fraction: compileFractionalPercent(percentage),
  };
}

function compileRateLimit({ limitType: kind, percentage }: FaultRateLimit): FaultRateLimitData {
  return {
    kibPerSecond: kind.case === "fixedLimit" ? Math.min(Number(kind.value.limitKbps), LARGEST_KIB) : null,
    fraction: compileFractionalPercent(percentage),
  };
}
