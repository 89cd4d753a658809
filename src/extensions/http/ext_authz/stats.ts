import type { Counter, StatsScope } from "../../../stats/scope.ts";
import { ClusterCounters } from "../../../upstream/cluster-counters.ts";

/** The counters of one filter, under `http.<stat_prefix>.ext_authz.`, or `cluster.<name>.ext_authz.` of the clusters that requests go to. */
export class ExtAuthzStats {
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly disabled: Counter;
  readonly failureModeAllowed: Counter;
  readonly invalid: Counter;
  readonly ignoredDynamicMetadata: Counter;

  /** `prefix` is the filter's `stat_prefix`. */
  constructor(scope: StatsScope, prefix: string) {
    const own = prefix === "" ? "ext_authz" : `ext_authz.${prefix}`;
    this.ok = scope.counter(`${own}.ok`);
    this.denied = scope.counter(`${own}.denied`);
    this.error = scope.counter(`${own}.error`);
    this.disabled = scope.counter(`${own}.disabled`);
    this.failureModeAllowed = scope.counter(`${own}.failure_mode_allowed`);
    this.invalid = scope.counter(`${own}.invalid`);
    this.ignoredDynamicMetadata = scope.counter(`${own}.ignored_dynamic_metadata`);
  }
}

/** What is counted of one filter under the clusters of its requests. */
export type AuthzClusterCounters = ClusterCounters<"ok" | "denied" | "error" | "failureModeAllowed">;

/** The counters of a filter with this `stat_prefix` under clusters. */
export function authzClusterCounters(statPrefix: string): AuthzClusterCounters {
  const names = { ok: "ok", denied: "denied", error: "error", failureModeAllowed: "failure_mode_allowed" };
  return new ClusterCounters("ext_authz", statPrefix, names);
}
