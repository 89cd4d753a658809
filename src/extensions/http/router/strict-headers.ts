import type { LocalReply } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { isRetryGrpcOn, isRetryOn } from "../../../route/retry-on.ts";

/**
 * The refusal of a request in which one of these headers is malformed (`strict_check_headers`); null if none is. Source: Envoy's
 * `FilterUtility::StrictHeaderChecker`.
 */
export function checkStrictHeaders(names: readonly string[], headers: RequestHeaderMap): LocalReply | null {
  for (const name of names) {
    const value = headers.get(name);
    if (value === undefined || isWellFormed(name, value)) continue;
    return {
      status: 400,
      body: `invalid header '${name}' with value '${value}'`,
      details: `request_headers_failed_strict_check{${name}}`,
    };
  }
  return null;
}

function isWellFormed(name: string, value: string): boolean {
  switch (name) {
    case "x-envoy-retry-on":
      return isRetryOn(value);
    case "x-envoy-retry-grpc-on":
      return isRetryGrpcOn(value);
    default:
      return /^\d{1,20}$/.test(value);
  }
}
