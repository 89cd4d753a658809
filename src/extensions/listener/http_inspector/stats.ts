import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** What the HTTP inspectors of all listeners count: `http_inspector.*`. */
export interface HttpInspectorStats {
  readonly scope: StatsScope;
  readonly readError: Counter;
  readonly http10Found: Counter;
  readonly http11Found: Counter;
  readonly http2Found: Counter;
  readonly httpNotFound: Counter;
}

/** Resolves the handles; `scope.release()` gives them up. */
export function httpInspectorStats(root: StatsScope): HttpInspectorStats {
  const scope = root.scope("http_inspector");
  return {
    scope,
    readError: scope.counter("read_error"),
    http10Found: scope.counter("http10_found"),
    http11Found: scope.counter("http11_found"),
    http2Found: scope.counter("http2_found"),
    httpNotFound: scope.counter("http_not_found"),
  };
}
