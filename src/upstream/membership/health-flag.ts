/**
 * Reasons why a host is not, or not wholly, fit to get requests, beside what its endpoint's `health_status` says. A bit set. Set on the main
 * side, read by the workers. Names and meaning: Envoy's `Host::HealthFlag`.
 */
export const HealthFlag = {
  /** Active health checks fail. */
  failedActiveHc: 1,
  /** Outlier detection has ejected it. */
  failedOutlierCheck: 2,
  /** Active health checks succeed and say that it is degraded. */
  degradedActiveHc: 4,
  /** No active health check has been made yet. */
  pendingActiveHc: 8,
  /** Discovery has removed it, but it is kept while it is healthy. */
  pendingDynamicRemoval: 16,
  /** The last active health check ran into its timeout. */
  activeHcTimeout: 32,
  /** It told a health check to take it out of use at once, or was told so in passing. */
  excludedViaImmediateHcFail: 64,
  /** With `ignore_new_hosts_until_first_hc`: no active health check has been made yet. Not shown; `pendingActiveHc` is. */
  ignoredUntilFirstHc: 128,
} as const;
export type HealthFlag = (typeof HealthFlag)[keyof typeof HealthFlag];

/** The flags that active health checks own. */
export const ACTIVE_CHECK_FLAGS =
  HealthFlag.failedActiveHc |
  HealthFlag.degradedActiveHc |
  HealthFlag.pendingActiveHc |
  HealthFlag.activeHcTimeout |
  HealthFlag.excludedViaImmediateHcFail |
  HealthFlag.ignoredUntilFirstHc;

const EXCLUDED = HealthFlag.excludedViaImmediateHcFail | HealthFlag.ignoredUntilFirstHc;

const UNHEALTHY = HealthFlag.failedActiveHc | HealthFlag.failedOutlierCheck;

/** Whether any of the flags keeps requests away. */
export function isUnhealthy(flags: number): boolean {
  return (flags & UNHEALTHY) !== 0;
}

/** Whether the flags say that the host is to count as if it were not there when the health of its priority is worked out. */
export function isExcluded(flags: number): boolean {
  return (flags & EXCLUDED) !== 0;
}

/** Whether the flags say that the host is to be used only when healthy ones do not suffice. */
export function isDegraded(flags: number): boolean {
  return (flags & HealthFlag.degradedActiveHc) !== 0;
}

/** The flags that are set, by Envoy's names as `/clusters` shows them. */
export function healthFlagNames(flags: number): string[] {
  return FLAG_NAMES.flatMap(([flag, name]) => ((flags & flag) === 0 ? [] : name));
}

const FLAG_NAMES: readonly (readonly [HealthFlag, string])[] = [
  [HealthFlag.failedActiveHc, "failed_active_hc"],
  [HealthFlag.failedOutlierCheck, "failed_outlier_check"],
  [HealthFlag.degradedActiveHc, "degraded_active_hc"],
  [HealthFlag.pendingActiveHc, "pending_active_hc"],
  [HealthFlag.pendingDynamicRemoval, "pending_dynamic_removal"],
  [HealthFlag.activeHcTimeout, "active_hc_timeout"],
  [HealthFlag.excludedViaImmediateHcFail, "excluded_via_immediate_hc_fail"],
];
