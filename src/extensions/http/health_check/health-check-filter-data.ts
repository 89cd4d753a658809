import type { HeaderMatcherData } from "../../../match/header-matcher.ts";

/** Envoy's `HealthCheck` HTTP filter, checked. Plain data. */
export interface HealthCheckFilterData {
  readonly passThrough: boolean;
  /** How long an upstream's answer is given again; 0 = never. */
  readonly cacheMs: number;
  /** Name of the shared value that remembers the answer; `""` without a cache. */
  readonly cache: string;
  /** What a request must have to be a health check. */
  readonly headers: readonly HeaderMatcherData[];
  /** In whole percent, for answers of the filter's own. */
  readonly minHealthyPercentages: readonly { readonly cluster: string; readonly percent: number }[];
  /** `node.cluster`, told in the answers to health checks. */
  readonly localCluster: string;
}
