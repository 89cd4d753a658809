import { CodecError } from "../codec.ts";
import type { RequestHeaderMap } from "../header-map.ts";
import { isAuthority, isAuthorityWithPort } from "./authority.ts";
import { Http1Details } from "./codec-details.ts";

const SLASH = 0x2f;

/**
 * Fills `path`, `authority` and `scheme` from a request target in one of its four forms (RFC 9112 §3.2); `headers.method`
 * must be set. In absolute form the target's authority replaces `host` (RFC 9112 §3.2.2). With `allowAbsoluteUrl` off an
 * absolute target becomes the path as it is, for the connection manager to refuse.
 * Throws `CodecError` (`http1.invalid_url`) if it has none of the forms.
 */
export function applyRequestTarget(
  headers: RequestHeaderMap,
  target: string,
  host: string,
  allowAbsoluteUrl: boolean,
): void {
  headers.authority = host;
  if (headers.method === "CONNECT") {
    if (!isAuthorityWithPort(target)) throw invalidUrl("the target of CONNECT is not host:port");
    headers.authority = target;
    return;
  }
  if (target.charCodeAt(0) === SLASH || (target === "*" && headers.method === "OPTIONS")) {
    headers.path = target;
    return;
  }
  applyAbsoluteForm(headers, target, allowAbsoluteUrl);
}

function applyAbsoluteForm(headers: RequestHeaderMap, target: string, allowAbsoluteUrl: boolean): void {
  const schemeEnd = target.indexOf("://");
  const scheme = schemeEnd === -1 ? "" : target.substring(0, schemeEnd).toLowerCase();
  if (scheme !== "http" && scheme !== "https") throw invalidUrl("the request target is neither a path nor an http URL");
  const authorityStart = schemeEnd + 3;
  let authorityEnd = authorityStart;
  while (authorityEnd < target.length && !endsAuthority(target.charCodeAt(authorityEnd))) authorityEnd++;
  const authority = target.substring(authorityStart, authorityEnd);
  if (!isAuthority(authority)) throw invalidUrl("the authority of the request target is invalid");
  if (!allowAbsoluteUrl) {
    headers.path = target;
    return;
  }
  headers.scheme = scheme;
  headers.authority = authority;
  const rest = target.substring(authorityEnd);
  if (rest.charCodeAt(0) === SLASH) headers.path = rest;
  // `OPTIONS http://host` stands for `OPTIONS *` (RFC 9112 §3.2.4).
  else headers.path = rest === "" && headers.method === "OPTIONS" ? "*" : `/${rest}`;
}

/** `/`, `?` or `#`. */
function endsAuthority(code: number): boolean {
  return code === SLASH || code === 0x3f || code === 0x23;
}

function invalidUrl(message: string): CodecError {
  return new CodecError(message, Http1Details.invalidUrl);
}
