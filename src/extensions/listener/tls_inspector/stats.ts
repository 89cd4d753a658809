import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** What the TLS inspectors of all listeners count: `tls_inspector.*`. */
export interface TlsInspectorStats {
  readonly scope: StatsScope;
  readonly clientHelloTooLarge: Counter;
  readonly tlsFound: Counter;
  readonly tlsNotFound: Counter;
  readonly alpnFound: Counter;
  readonly alpnNotFound: Counter;
  readonly sniFound: Counter;
  readonly sniNotFound: Counter;
}

/** Resolves the handles; `scope.release()` gives them up. */
export function tlsInspectorStats(root: StatsScope): TlsInspectorStats {
  const scope = root.scope("tls_inspector");
  return {
    scope,
    clientHelloTooLarge: scope.counter("client_hello_too_large"),
    tlsFound: scope.counter("tls_found"),
    tlsNotFound: scope.counter("tls_not_found"),
    alpnFound: scope.counter("alpn_found"),
    alpnNotFound: scope.counter("alpn_not_found"),
    sniFound: scope.counter("sni_found"),
    sniNotFound: scope.counter("sni_not_found"),
  };
}
