import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The handles of one IP tagging filter. */
export interface IpTaggingStats {
  readonly noHit: Counter;
  readonly total: Counter;
  /** By tag. */
  hit(tag: string): Counter;
}

/** `scope` is `http.<stat_prefix>`. */
export function ipTaggingStats(scope: StatsScope): IpTaggingStats {
  return {
    noHit: scope.counter("ip_tagging.no_hit"),
    total: scope.counter("ip_tagging.total"),
    hit: (tag) => scope.counter(`ip_tagging.${tag}.hit`),
  };
}
