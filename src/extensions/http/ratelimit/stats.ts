import { ClusterCounters } from "../../../upstream/cluster-counters.ts";

/** What is counted of one filter under the cluster of a request, `cluster.<name>.ratelimit.[<stat_prefix>.]`. */
export type RateLimitCounters = ClusterCounters<"ok" | "error" | "overLimit" | "failureModeAllowed">;

/** The counters of a filter with this `stat_prefix`. */
export function rateLimitCounters(statPrefix: string): RateLimitCounters {
  const names = { ok: "ok", error: "error", overLimit: "over_limit", failureModeAllowed: "failure_mode_allowed" };
  return new ClusterCounters("ratelimit", statPrefix, names);
}
