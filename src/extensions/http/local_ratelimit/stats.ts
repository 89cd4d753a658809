import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The handles of one limit. */
export interface LocalRateLimitStats {
  readonly enabled: Counter;
  readonly enforced: Counter;
  readonly rateLimited: Counter;
  readonly ok: Counter;
}

/** `scope` is `<stat_prefix>.http_local_rate_limit`. */
export function localRateLimitStats(scope: StatsScope): LocalRateLimitStats {
  return {
    enabled: scope.counter("enabled"),
    enforced: scope.counter("enforced"),
    rateLimited: scope.counter("rate_limited"),
    ok: scope.counter("ok"),
  };
}
