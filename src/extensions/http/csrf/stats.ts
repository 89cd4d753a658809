import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The handles of one CSRF filter. */
export interface CsrfStats {
  readonly missingSourceOrigin: Counter;
  readonly requestInvalid: Counter;
  readonly requestValid: Counter;
}

/** `scope` is `http.<stat_prefix>`. */
export function csrfStats(scope: StatsScope): CsrfStats {
  return {
    missingSourceOrigin: scope.counter("csrf.missing_source_origin"),
    requestInvalid: scope.counter("csrf.request_invalid"),
    requestValid: scope.counter("csrf.request_valid"),
  };
}
