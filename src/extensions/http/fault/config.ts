import type { CompileContext } from "../../../config/compile-context.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
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
import type { FractionalPercent } from "../../../proto/gen/envoy/type/v3/percent_pb.js";
import { compileHeaderMatcher } from "../../../route/compile/matchers.ts";
import { compileFractionalPercent } from "../../../route/compile/route-match.ts";
import type { FractionData } from "../../../route/route-table-data.ts";
import type { FaultAbortData, FaultData, FaultDelayData, FaultRateLimitData } from "./fault-data.ts";

/** Rates beyond this are none: 1 TiB/s. */
const LARGEST_KIB = 1 << 30;

/** `envoy.filters.http.fault`, main side. */
export const faultConfig = extensionConfig({
  name: "envoy.filters.http.fault",
  categories: ["envoy.filters.http"],
  schema: HTTPFaultSchema,
  routeSchema: HTTPFaultSchema,
  support: [
    supportAll(HTTPFaultSchema),
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
    delay: delay === undefined ? null : compileDelay(delay, message),
    abort: abort === undefined ? null : compileAbort(abort, message),
    rateLimit: responseRateLimit === undefined ? null : compileRateLimit(responseRateLimit, message),
    upstreamCluster: message.upstreamCluster,
    headers: message.headers.map((matcher, i) => compileHeaderMatcher(matcher, at.index(i), context)),
    downstreamNodes: message.downstreamNodes,
    maxActiveFaults: {
      value: message.maxActiveFaults ?? -1,
      runtimeKey: message.maxActiveFaultsRuntime || "fault.http.max_active_faults",
    },
    countsByDownstreamCluster: !message.disableDownstreamClusterStats,
    metadata: message.filterMetadata ?? null,
    activeFaults,
  };
}

function compileDelay({ faultDelaySecifier: kind, percentage }: FaultDelay, message: HTTPFault): FaultDelayData {
  const durationKey = message.delayDurationRuntime || "fault.http.delay.fixed_duration_ms";
  return {
    fixedMs: kind.case === "fixedDelay" ? { value: durationMs(kind.value, 0), runtimeKey: durationKey } : null,
    fraction: share(percentage, message.delayPercentRuntime || "fault.http.delay.fixed_delay_percent"),
  };
}

function compileAbort({ errorType: kind, percentage }: FaultAbort, message: HTTPFault): FaultAbortData {
  const httpKey = message.abortHttpStatusRuntime || "fault.http.abort.http_status";
  const grpcKey = message.abortGrpcStatusRuntime || "fault.http.abort.grpc_status";
  return {
    httpStatus: kind.case === "httpStatus" ? { value: kind.value, runtimeKey: httpKey } : null,
    grpcStatus: kind.case === "grpcStatus" ? { value: kind.value, runtimeKey: grpcKey } : null,
    fraction: share(percentage, message.abortPercentRuntime || "fault.http.abort.abort_percent"),
  };
}

function compileRateLimit({ limitType: kind, percentage }: FaultRateLimit, message: HTTPFault): FaultRateLimitData {
  return {
    kibPerSecond: kind.case === "fixedLimit" ? Math.min(Number(kind.value.limitKbps), LARGEST_KIB) : null,
    fraction: share(percentage, message.responseRateLimitPercentRuntime || "fault.http.rate_limit.response_percent"),
  };
}

function share(percentage: FractionalPercent | undefined, runtimeKey: string): FractionData {
  return { ...compileFractionalPercent(percentage), runtimeKey };
}
