import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import { type MessageSupport, notYet, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type OutlierDetection,
  OutlierDetectionSchema,
} from "../../proto/gen/envoy/config/cluster/v3/outlier_detection_pb.js";
import type { OutlierDetectionData, OutlierThresholdsData } from "../outlier/outlier-data.ts";

const DEFAULT_BASE_MS = 30_000;
const DEFAULT_MAX_MS = 300_000;

/** Compiles what the main side needs; null without outlier detection. */
export function compileOutlierDetection(
  message: OutlierDetection | undefined,
  place: Place,
  context: CompileContext,
): OutlierDetectionData | null {
  if (message === undefined) return null;
  const baseEjectionTimeMs = durationMs(message.baseEjectionTime, DEFAULT_BASE_MS);
  const maxEjectionTimeMs = durationMs(message.maxEjectionTime, Math.max(DEFAULT_MAX_MS, baseEjectionTimeMs));
  if (maxEjectionTimeMs < baseEjectionTimeMs) {
    context.error(
      place.field("max_ejection_time"),
      "max_ejection_time cannot be smaller than base_ejection_time",
      `at least ${baseEjectionTimeMs / 1000}s`,
    );
  }
  return {
    splitsLocalOrigin: message.splitExternalLocalOriginErrors,
    intervalMs: durationMs(message.interval, 10_000),
    baseEjectionTimeMs,
    maxEjectionTimeMs,
    maxEjectionTimeJitterMs: durationMs(message.maxEjectionTimeJitter, 0),
    maxEjectionPercent: Math.min(message.maxEjectionPercent ?? 10, 100),
    alwaysEjectsOneHost: message.alwaysEjectOneHost ?? false,
    enforcing: {
      CONSECUTIVE_5XX: message.enforcingConsecutive5xx ?? 100,
      CONSECUTIVE_GATEWAY_FAILURE: message.enforcingConsecutiveGatewayFailure ?? 0,
      CONSECUTIVE_LOCAL_ORIGIN_FAILURE: message.enforcingConsecutiveLocalOriginFailure ?? 100,
      SUCCESS_RATE: message.enforcingSuccessRate ?? 100,
      SUCCESS_RATE_LOCAL_ORIGIN: message.enforcingLocalOriginSuccessRate ?? 100,
      FAILURE_PERCENTAGE: message.enforcingFailurePercentage ?? 0,
      FAILURE_PERCENTAGE_LOCAL_ORIGIN: message.enforcingFailurePercentageLocalOrigin ?? 0,
    },
    successRateMinimumHosts: message.successRateMinimumHosts ?? 5,
    successRateRequestVolume: message.successRateRequestVolume ?? 100,
    successRateStdevFactor: message.successRateStdevFactor ?? 1900,
    failurePercentageThreshold: message.failurePercentageThreshold ?? 85,
    failurePercentageMinimumHosts: message.failurePercentageMinimumHosts ?? 5,
    failurePercentageRequestVolume: message.failurePercentageRequestVolume ?? 50,
    passedCheckUnejects: message.successfulActiveHealthCheckUnejectHost ?? true,
  };
}

/** Compiles what the workers need; null without outlier detection. */
export function compileOutlierThresholds(message: OutlierDetection | undefined): OutlierThresholdsData | null {
  if (message === undefined) return null;
  return {
    splitsLocalOrigin: message.splitExternalLocalOriginErrors,
    consecutive5xx: message.consecutive5xx ?? 5,
    consecutiveGatewayFailure: message.consecutiveGatewayFailure ?? 5,
    consecutiveLocalOriginFailure: message.consecutiveLocalOriginFailure ?? 5,
  };
}

/** Which fields of `OutlierDetection` are implemented. */
export const outlierDetectionSupport: readonly MessageSupport[] = [
  supportAll(OutlierDetectionSchema, { monitors: notYet("there are no extensions that watch hosts") }),
];
