import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** What is counted of one version of the PROXY protocol: `versions.v<n>.*`. */
export interface ProxyVersionStats {
  readonly found: Counter;
  readonly disallowed: Counter;
  readonly error: Counter;
}

/** What a PROXY protocol filter counts: `proxy_proto.[<stat_prefix>.]*`. */
export interface ProxyProtocolStats {
  readonly scope: StatsScope;
  readonly notFoundAllowed: Counter;
  readonly notFoundDisallowed: Counter;
  readonly v1: ProxyVersionStats;
  readonly v2: ProxyVersionStats;
}

/** Resolves the handles; `scope.release()` gives them up. */
export function proxyProtocolStats(root: StatsScope, statPrefix: string): ProxyProtocolStats {
  const scope = root.scope(statPrefix === "" ? "proxy_proto" : `proxy_proto.${statPrefix}`);
  const version = (name: string): ProxyVersionStats => ({
    found: scope.counter(`versions.${name}.found`),
    disallowed: scope.counter(`versions.${name}.disallowed`),
    error: scope.counter(`versions.${name}.error`),
  });
  return {
    scope,
    notFoundAllowed: scope.counter("not_found_allowed"),
    notFoundDisallowed: scope.counter("not_found_disallowed"),
    v1: version("v1"),
    v2: version("v2"),
  };
}
