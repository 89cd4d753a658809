import type { Histogram, StatsScope } from "../stats/scope.ts";

/** What of `track_cluster_stats` a cluster asks for; plain data. */
export interface TrackedStatsData {
  readonly requestResponseSizes: boolean;
  /** Also the older `track_timeout_budgets`. */
  readonly timeoutBudgets: boolean;
}

/** `upstream_rq_*` and `upstream_rs_*` of each attempt: names and values of headers in bytes, how many, and bodies in bytes. */
export interface MessageSizeStats {
  readonly rqHeadersSize: Histogram;
  readonly rqHeadersCount: Histogram;
  readonly rqBodySize: Histogram;
  readonly rsHeadersSize: Histogram;
  readonly rsHeadersCount: Histogram;
  readonly rsBodySize: Histogram;
}

/** How much of their time requests and attempts have taken, in whole percent; 0 where there is no limit. */
export interface TimeoutBudgetStats {
  readonly percentUsed: Histogram;
  readonly perTryPercentUsed: Histogram;
}

/** The statistics of a cluster that exist only where they are asked for. Null = not asked for. */
export interface TrackedStats {
  readonly sizes: MessageSizeStats | null;
  readonly budgets: TimeoutBudgetStats | null;
}

/** Null if nothing is asked for. `scope` is the cluster's. */
export function trackedStats(data: TrackedStatsData | null, scope: StatsScope): TrackedStats | null {
  if (data === null) return null;
  return {
    sizes: data.requestResponseSizes ? messageSizes(scope) : null,
    budgets: data.timeoutBudgets ? timeoutBudgets(scope) : null,
  };
}

function messageSizes(scope: StatsScope): MessageSizeStats {
  return {
    rqHeadersSize: scope.histogram("upstream_rq_headers_size", "bytes"),
    rqHeadersCount: scope.histogram("upstream_rq_headers_count", "unspecified"),
    rqBodySize: scope.histogram("upstream_rq_body_size", "bytes"),
    rsHeadersSize: scope.histogram("upstream_rs_headers_size", "bytes"),
    rsHeadersCount: scope.histogram("upstream_rs_headers_count", "unspecified"),
    rsBodySize: scope.histogram("upstream_rs_body_size", "bytes"),
  };
}

function timeoutBudgets(scope: StatsScope): TimeoutBudgetStats {
  return {
    percentUsed: scope.histogram("upstream_rq_timeout_budget_percent_used", "unspecified"),
    perTryPercentUsed: scope.histogram("upstream_rq_timeout_budget_per_try_percent_used", "unspecified"),
  };
}

/** Which part of a limit was used, in whole percent; none of a limit of 0, which is none. Source: Envoy's `FilterUtility::percentageOfTimeout`. */
export function percentOfTimeout(usedMs: number, timeoutMs: number): number {
  return timeoutMs === 0 ? 0 : Math.floor((usedMs * 100) / timeoutMs);
}
