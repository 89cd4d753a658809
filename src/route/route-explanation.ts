import { isSensitiveField, isSensitiveHeader } from "../base/sensitive-names.ts";
import type { RequestHeaderMap } from "../http/header-map.ts";
import { HeaderMatcher, type HeaderMatcherData } from "../match/header-matcher.ts";
import { createPathMatcher, type PathMatcherData } from "../match/path-matcher.ts";
import { QueryParameterMatcher, type QueryParameterMatcherData } from "../match/query-parameter-matcher.ts";
import type { StringMatcherData } from "../match/string-matcher.ts";
import type { Route } from "./route.ts";
import { isGrpcRequest } from "./route-entry.ts";
import type { RouteData, RouteMatchData } from "./route-table-data.ts";
import { StreamConditions } from "./stream-conditions.ts";

/** Routes that are described; a virtual host may have thousands. */
const MAX_DESCRIBED = 200;

/** One route that was tried. */
export interface TriedRoute {
  /** Its place among the routes of the virtual host, from 0. */
  readonly index: number;
  /** `""` if it has none. */
  readonly name: string;
  /** How it matches the path, in words of the configuration: `prefix /api`. */
  readonly match: string;
  /** Null: it matched. */
  readonly whyNot: string | null;
}

/** How a route table found the route of a request, or none. */
export interface RouteExplanation {
  readonly routeConfig: string;
  /** The authority as far as matching looks at it. */
  readonly host: string;
  /** Null: no virtual host has the domain. */
  readonly virtualHost: { readonly name: string; readonly domain: string } | null;
  readonly virtualHostCount: number;
  /** The virtual host redirects requests without TLS before it looks at its routes. */
  readonly requiresTls: boolean;
  /** In their order, up to the one that matched; the first 200. */
  readonly tried: readonly TriedRoute[];
  readonly routeCount: number;
  /** What the route table answers to such a request. */
  readonly route: Route | null;
}

/** The routes of a virtual host in their order, up to the first that matches. `path` is what is to be matched. */
export function triedRoutes(
  routes: readonly RouteData[],
  path: string,
  headers: RequestHeaderMap,
  randomValue: number,
): TriedRoute[] {
  const tried: TriedRoute[] = [];
  for (const [index, { name, match }] of routes.entries()) {
    const whyNot = whyRouteDoesNotMatch(match, path, headers, randomValue);
    if (tried.length < MAX_DESCRIBED || whyNot === null) {
      tried.push({ index, name, match: match.path === null ? "connect_matcher" : pathText(match.path), whyNot });
    }
    if (whyNot === null) break;
  }
  return tried;
}

/** The first condition of a route that a request does not meet; null if it meets all. */
function whyRouteDoesNotMatch(
  match: RouteMatchData,
  path: string,
  headers: RequestHeaderMap,
  randomValue: number,
): string | null {
  return (
    pathReason(match.path, path, headers) ??
    fractionReason(match, randomValue) ??
    (match.grpc && !isGrpcRequest(headers) ? "the request is not gRPC" : null) ??
    firstReason(match.headers, (matcher) => headerReason(matcher, headers)) ??
    firstReason(match.queryParameters, (matcher) => queryReason(matcher, headers.path)) ??
    streamReason(match)
  );
}

function pathReason(matcher: PathMatcherData | null, path: string, { method }: RequestHeaderMap): string | null {
  if (matcher === null) return method === "CONNECT" ? null : `it is for CONNECT, not for ${method}`;
  if (path === "") return "the request has no path";
  return createPathMatcher(matcher).matches(path) ? null : `path ${path} does not match ${pathText(matcher)}`;
}

function fractionReason({ fraction }: RouteMatchData, randomValue: number): string | null {
  if (fraction === null || randomValue % fraction.denominator < fraction.numerator) return null;
  return `it takes ${fraction.numerator} of ${fraction.denominator} requests, and not one with random value ${randomValue}`;
}

function headerReason(data: HeaderMatcherData, headers: RequestHeaderMap): string | null {
  if (new HeaderMatcher(data).matches(headers)) return null;
  const found = headers.lookup(data.name);
  const shown = isSensitiveHeader(data.name) ? "[redacted]" : found;
  const has = found === undefined ? "is missing" : `is "${shown}"`;
  return `header ${data.name} ${has}, wanted: ${headerText(data)}`;
}

function headerText({ name, match, invert }: HeaderMatcherData): string {
  const not = invert ? "not " : "";
  if (match.type === "present") return `${not}${match.present ? "present" : "absent"}`;
  if (match.type === "range") return `${not}from ${match.start} to below ${match.end}`;
  return `${not}${isSensitiveHeader(name) ? "[redacted]" : stringText(match.matcher)}`;
}

function queryReason(data: QueryParameterMatcherData, path: string): string | null {
  if (new QueryParameterMatcher(data).matches(path)) return null;
  const isSecret = isSensitiveField(data.name) || isSensitiveHeader(data.name);
  const text = (matcher: StringMatcherData): string => (isSecret ? "[redacted]" : stringText(matcher));
  const wanted = data.matcher === null ? (data.present ? "present" : "absent") : text(data.matcher);
  return `query parameter ${data.name} is not as wanted: ${wanted}`;
}

/** Only the head of a request is known here. */
function streamReason(match: RouteMatchData): string | null {
  if (StreamConditions.of(match)?.matches(null) !== false) return null;
  return match.tls === null ? "it wants dynamic metadata of filters" : "it wants a certificate of the client";
}

function firstReason<T>(all: readonly T[], reason: (each: T) => string | null): string | null {
  for (const each of all) {
    const found = reason(each);
    if (found !== null) return found;
  }
  return null;
}

function stringText({ type, value, ignoreCase }: StringMatcherData): string {
  return `${type} "${value}"${ignoreCase ? " in any case" : ""}`;
}

const PATH_WORDS = { exact: "path", prefix: "prefix", separatedPrefix: "path_separated_prefix", regex: "safe_regex" };

function pathText({ type, value, ignoreCase }: PathMatcherData): string {
  return `${PATH_WORDS[type]} ${value}${ignoreCase ? " in any case" : ""}`;
}
