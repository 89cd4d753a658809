import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The router's handles, under `http.<stat_prefix>.`. */
export class RouterStats {
  readonly noRoute: Counter;
  readonly noCluster: Counter;
  readonly rqRedirect: Counter;
  readonly rqDirectResponse: Counter;
  readonly rqTotal: Counter;
  readonly rqResetAfterDownstreamResponseStarted: Counter;
  /** Redirects of the upstream that went to the client, though the route follows them: why. */
  readonly redirectBadLocation: Counter;
  readonly redirectUnsafeScheme: Counter;
  readonly redirectTooMany: Counter;
  readonly redirectNoRoute: Counter;
  readonly redirectPredicate: Counter;

  constructor(scope: StatsScope) {
    this.noRoute = scope.counter("no_route");
    this.noCluster = scope.counter("no_cluster");
    this.rqRedirect = scope.counter("rq_redirect");
    this.rqDirectResponse = scope.counter("rq_direct_response");
    this.rqTotal = scope.counter("rq_total");
    this.rqResetAfterDownstreamResponseStarted = scope.counter("rq_reset_after_downstream_response_started");
    this.redirectBadLocation = scope.counter("passthrough_internal_redirect_bad_location");
    this.redirectUnsafeScheme = scope.counter("passthrough_internal_redirect_unsafe_scheme");
    this.redirectTooMany = scope.counter("passthrough_internal_redirect_too_many_redirects");
    this.redirectNoRoute = scope.counter("passthrough_internal_redirect_no_route");
    this.redirectPredicate = scope.counter("passthrough_internal_redirect_predicate");
  }
}
