import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** The handles of one JWT filter. */
export interface JwtAuthnStats {
  readonly allowed: Counter;
  readonly denied: Counter;
  readonly corsPreflightBypassed: Counter;
  readonly jwksFetchSuccess: Counter;
  readonly jwksFetchFailed: Counter;
}

/** `scope` is `http.<stat_prefix>`. */
export function jwtAuthnStats(scope: StatsScope): JwtAuthnStats {
  return {
    allowed: scope.counter("jwt_authn.allowed"),
    denied: scope.counter("jwt_authn.denied"),
    corsPreflightBypassed: scope.counter("jwt_authn.cors_preflight_bypassed"),
    jwksFetchSuccess: scope.counter("jwt_authn.jwks_fetch_success"),
    jwksFetchFailed: scope.counter("jwt_authn.jwks_fetch_failed"),
  };
}
