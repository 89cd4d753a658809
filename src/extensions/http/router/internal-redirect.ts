import type { StreamDecoderFilterCallbacks } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { InternalRedirectData } from "../../../route/internal-redirect-data.ts";
import type { Route } from "../../../route/route.ts";
import { acceptsRedirect, type RedirectTarget } from "./redirect-predicate.ts";
import type { ReplayBody } from "./retry/replay-body.ts";
import type { RouterStats } from "./stats.ts";

/** An absolute URL, without credentials: scheme, authority, path and query. A fragment is left out. */
const LOCATION = /^(https?):\/\/([^\s/?#@]+)((?:[/?][^\s#]*)?)(?:#\S*)?$/i;

/** What following a redirect needs of the router. */
export interface RedirectingRequest {
  readonly callbacks: StreamDecoderFilterCallbacks;
  readonly stats: RouterStats;
  readonly route: Route;
  readonly headers: RequestHeaderMap;
  /** Null if the request is not whole, or was too large to be kept. */
  readonly replay: ReplayBody | null;
}

/**
 * Sends the request where the response says, if the policy lets it. True: it runs through new filters, and nothing of it goes on here. False: the response
 * is the client's. Source: Envoy's `Router::Filter::setupRedirect`.
 */
export function followRedirect(
  request: RedirectingRequest,
  policy: InternalRedirectData,
  response: ResponseHeaderMap,
): boolean {
  const { headers, replay } = request;
  if (replay === null || headers.path === "" || !response.has("location")) return false;
  if (!prepareRedirect(request, policy, response)) return false;
  const dropsBody = becomesGet(response.status, headers.method);
  if (dropsBody) {
    headers.method = "GET";
    headers.remove("content-length");
  }
  // What this leg came to, for its log line and span; a response that goes to the client sets its own.
  request.callbacks.streamInfo.responseCode = response.status;
  return request.callbacks.restart(dropsBody ? [] : replay.pieces, dropsBody ? null : replay.trailers);
}

/**
 * Turns the headers of the request into those that the redirect asks for, and has the route looked up. False, with the headers as they were and
 * the reason counted, if the redirect is not to be followed. Source: Envoy's `convertRequestHeadersForInternalRedirect`.
 */
function prepareRedirect(
  { callbacks, stats, route: from, headers: request }: RedirectingRequest,
  policy: InternalRedirectData,
  response: ResponseHeaderMap,
): boolean {
  const { streamInfo } = callbacks;
  const [, scheme, authority, rest] = LOCATION.exec(response.get("location") ?? "") ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) {
    stats.redirectBadLocation.inc();
    return false;
  }
  const fromHttps = request.scheme === "https";
  const toHttps = scheme.toLowerCase() === "https";
  if (!policy.allowsCrossScheme && fromHttps !== toHttps) {
    stats.redirectUnsafeScheme.inc();
    return false;
  }
  if (streamInfo.internalRedirects >= policy.maxRedirects) {
    stats.redirectTooMany.inc();
    return false;
  }
  const before = request.clone();
  copyHeaders(policy.headersToCopy, response, request);
  request.scheme = toHttps ? "https" : "http";
  request.authority = authority;
  request.path = rest.startsWith("/") ? rest : `/${rest}`;
  callbacks.clearRouteCache();
  const route = callbacks.route();
  const target = { fromRoute: from.name, toRoute: route?.name ?? "", fromHttps, toHttps };
  if (route === null || !isAccepted(policy, target, callbacks)) {
    if (route === null) stats.redirectNoRoute.inc();
    else stats.redirectPredicate.inc();
    restore(request, before);
    callbacks.clearRouteCache();
    callbacks.route();
    return false;
  }
  request.set("x-envoy-original-url", `${before.scheme}://${before.authority}${before.path}`);
  streamInfo.internalRedirects++;
  return true;
}

/** Whether the request goes on as a GET without body (RFC 9110 §15.4.4). */
function becomesGet(status: number, method: string): boolean {
  return status === 303 && method !== "GET" && method !== "HEAD";
}

function isAccepted(
  policy: InternalRedirectData,
  target: RedirectTarget,
  { streamInfo }: StreamDecoderFilterCallbacks,
): boolean {
  return policy.predicates.every((predicate) => acceptsRedirect(predicate, target, streamInfo));
}

function copyHeaders(names: readonly string[], response: ResponseHeaderMap, request: RequestHeaderMap): void {
  for (const name of names) {
    request.remove(name);
    for (const value of response.getAll(name)) request.add(name, value);
  }
}

function restore(request: RequestHeaderMap, before: RequestHeaderMap): void {
  request.list.splice(0, request.list.length, ...before.list);
  request.scheme = before.scheme;
  request.authority = before.authority;
  request.path = before.path;
}
