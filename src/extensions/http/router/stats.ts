import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The router's handles, under `http.<stat_prefix>.`. */
export class RouterStats {
  readonly noRoute: Counter;
  readonly noCluster: Counter;
  readonly rqRedirect: Counter;
  readonly rqDirectResponse: Counter;
  readonly rqTotal: Counter;
  readonly rqResetAfterDownstreamResponseStarted: Counter;

  constructor(scope: StatsScope) {
    this.noRoute = scope.counter("no_route");
    this.noCluster = scope.counter("no_cluster");
    this.rqRedirect = scope.counter("rq_redirect");
    this.rqDirectResponse = scope.counter("rq_direct_response");
    this.rqTotal = scope.counter("rq_total");
    this.rqResetAfterDownstreamResponseStarted = scope.counter("rq_reset_after_downstream_response_started");
  }
}
