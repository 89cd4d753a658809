import type { EjectionType, OutlierDetectionData } from "../../../../src/upstream/outlier/outlier-data.ts";

/** Every failure has consequences. */
export const ALWAYS: Record<EjectionType, number> = {
  CONSECUTIVE_5XX: 100,
  CONSECUTIVE_GATEWAY_FAILURE: 100,
  CONSECUTIVE_LOCAL_ORIGIN_FAILURE: 100,
  SUCCESS_RATE: 100,
  SUCCESS_RATE_LOCAL_ORIGIN: 100,
  FAILURE_PERCENTAGE: 100,
  FAILURE_PERCENTAGE_LOCAL_ORIGIN: 100,
};

/** Settings of outlier detection in which nothing is left to chance. */
export const OUTLIER_DETECTION: OutlierDetectionData = {
  splitsLocalOrigin: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 90_000,
  maxEjectionTimeJitterMs: 0,
  maxEjectionPercent: 100,
  alwaysEjectsOneHost: false,
  enforcing: ALWAYS,
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1900,
  failurePercentageThreshold: 85,
  failurePercentageMinimumHosts: 100,
  failurePercentageRequestVolume: 50,
  passedCheckUnejects: true,
};
