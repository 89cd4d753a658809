import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The handles of one CORS filter. */
export interface CorsStats {
  readonly originValid: Counter;
  readonly originInvalid: Counter;
}

/** `scope` is `http.<stat_prefix>`. */
export function corsStats(scope: StatsScope): CorsStats {
  return { originValid: scope.counter("cors.origin_valid"), originInvalid: scope.counter("cors.origin_invalid") };
}
