import type { HeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";

/** The media type of a message in lower case, without parameters; `""` if it does not say. */
export function mediaType(headers: HeaderMap): string {
  const value = headers.get("content-type") ?? "";
  const end = value.indexOf(";");
  return (end === -1 ? value : value.slice(0, end)).trim().toLowerCase();
}

/** Whether `cache-control` says `no-transform`. */
export function forbidsTransform(headers: HeaderMap): boolean {
  return hasToken(headers.getJoined("cache-control"), "no-transform");
}

/** Takes a strong etag away: it would promise the very bytes that are changed. */
export function dropStrongEtag(headers: ResponseHeaderMap): void {
  const etag = headers.get("etag");
  if (etag !== undefined && etag.length > 2 && !/^w\//i.test(etag)) headers.remove("etag");
}

/** Tells caches that the response depends on `accept-encoding`. */
export function addVaryAcceptEncoding(headers: ResponseHeaderMap): void {
  const vary = headers.getJoined("vary");
  if (!hasToken(vary, "accept-encoding")) headers.append("vary", "Accept-Encoding", ", ");
}

function hasToken(list: string | undefined, token: string): boolean {
  return list?.split(",").some((each) => each.trim().toLowerCase() === token) === true;
}
