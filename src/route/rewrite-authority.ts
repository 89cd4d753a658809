import type { RequestHeaderMap } from "../http/header-map.ts";

/**
 * Replaces `:authority` by `host`. With `appendXForwardedHost` the old one is added to `x-forwarded-host`, unless it is
 * the last there already; with `keepOriginal` it is kept in `x-envoy-original-host`.
 */
export function rewriteAuthority(
  headers: RequestHeaderMap,
  host: string,
  appendXForwardedHost: boolean,
  keepOriginal: boolean,
): void {
  const old = headers.authority;
  if (old !== "") {
    if (appendXForwardedHost) {
      const forwarded = headers.getJoined("x-forwarded-host");
      const last = forwarded?.slice(forwarded.lastIndexOf(",") + 1).trim();
      if (last !== old) headers.append("x-forwarded-host", old);
    }
    if (keepOriginal) headers.set("x-envoy-original-host", old);
  }
  headers.authority = host;
}
