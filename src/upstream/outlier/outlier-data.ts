/** What a host may be ejected for, by the names of Envoy's `OutlierEjectionType`. */
export type EjectionType =
  | "CONSECUTIVE_5XX"
  | "CONSECUTIVE_GATEWAY_FAILURE"
  | "CONSECUTIVE_LOCAL_ORIGIN_FAILURE"
  | "SUCCESS_RATE"
  | "SUCCESS_RATE_LOCAL_ORIGIN"
  | "FAILURE_PERCENTAGE"
  | "FAILURE_PERCENTAGE_LOCAL_ORIGIN";

/** Those that workers notice. */
export type ConsecutiveType = Extract<EjectionType, `CONSECUTIVE_${string}`>;

/** What workers need to know: after how many failures in a row they tell. */
export interface OutlierThresholdsData {
  /** Whether failures to connect, timeouts and resets are counted apart from answers. */
  readonly splitsLocalOrigin: boolean;
  readonly consecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly consecutiveLocalOriginFailure: number;
}

/** Envoy's `OutlierDetection`, checked. Plain data; for the main side. */
export interface OutlierDetectionData {
  readonly splitsLocalOrigin: boolean;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  /** Of the cluster's hosts, at most 100. */
  readonly maxEjectionPercent: number;
  readonly alwaysEjectsOneHost: boolean;
  /** Percentages: how often a host that is found out is ejected. */
  readonly enforcing: Readonly<Record<EjectionType, number>>;
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  /** In thousandths of the standard deviation. */
  readonly successRateStdevFactor: number;
  /** Percentage of failures from which on a host is found out. */
  readonly failurePercentageThreshold: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
  readonly passedCheckUnejects: boolean;
}
