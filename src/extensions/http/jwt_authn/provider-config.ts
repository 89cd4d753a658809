import type { CompileContext } from "../../../config/compile-context.ts";
import { compileDataSource } from "../../../config/data-source.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import type { Place } from "../../../config/place.ts";
import type {
  JwtProvider,
  RemoteJwks,
} from "../../../proto/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js";
import { compileMutableHeaderName } from "../../../route/compile/header-name.ts";
import { compileStringMatcher } from "../../../route/compile/matchers.ts";
import { compileAsyncRetry } from "../../../upstream/compile/grpc-service.ts";
import { compileHttpUri } from "../../../upstream/compile/http-uri.ts";
import { bareAudience } from "./bare-audience.ts";
import { LARGEST_JWKS_BYTES, parseJwks } from "./json-web-key-set.ts";
import type { JwtProviderData, RemoteKeysData, TokenPlacesData } from "./jwt-data.ts";
import { createJwtKey } from "./jwt-key.ts";

const DEFAULT_CACHE_MS = 600_000;
const DEFAULT_FAILED_REFETCH_MS = 1000;
const DEFAULT_CLOCK_SKEW_S = 60;
/** Envoy's, for a provider that says nothing. */
const DEFAULT_PLACES: TokenPlacesData = {
  headers: [{ name: "authorization", prefix: "Bearer " }],
  params: ["access_token"],
  cookies: [],
};

/** A `JwtProvider`. */
export function compileProvider(
  name: string,
  message: JwtProvider,
  place: Place,
  context: CompileContext,
): JwtProviderData {
  const { subjects, maxLifetime, forwardPayloadHeader: payloadHeader, claimToHeaders } = message;
  const headerName = (header: string, at: Place): string => compileMutableHeaderName(header, at, context);
  const claims = place.field("claim_to_headers");
  return {
    name,
    issuer: message.issuer,
    audiences: message.audiences.map(bareAudience),
    subjects: subjects === undefined ? null : compileStringMatcher(subjects, place.field("subjects"), context),
    requireExpiration: message.requireExpiration,
    maxLifetimeS: maxLifetime === undefined ? null : durationMs(maxLifetime, 0) / 1000,
    clockSkewS: message.clockSkewSeconds === 0 ? DEFAULT_CLOCK_SKEW_S : message.clockSkewSeconds,
    keys: compileKeys(message, place, context),
    places: compilePlaces(message, place, context),
    forward: message.forward,
    forwardPayloadHeader: payloadHeader === "" ? "" : headerName(payloadHeader, place.field("forward_payload_header")),
    padPayload: message.padForwardPayloadHeader,
    payloadInMetadata: message.payloadInMetadata,
    spaceDelimitedClaims: message.normalizePayloadInMetadata?.spaceDelimitedClaims ?? [],
    headerInMetadata: message.headerInMetadata,
    failureInMetadata: message.failedStatusInMetadata,
    claimHeaders: claimToHeaders.map((each, i) => ({
      header: headerName(each.headerName, claims.index(i).field("header_name")),
      claim: each.claimName.split("."),
    })),
    clearRouteCache: message.clearRouteCache,
  };
}

function compilePlaces(message: JwtProvider, place: Place, context: CompileContext): TokenPlacesData {
  const { fromHeaders, fromParams: params, fromCookies: cookies } = message;
  if (fromHeaders.length + params.length + cookies.length === 0) return DEFAULT_PLACES;
  const at = place.field("from_headers");
  const headers = fromHeaders.map(({ name, valuePrefix: prefix }, i) => ({
    name: compileMutableHeaderName(name, at.index(i).field("name"), context),
    prefix,
  }));
  return { headers, params, cookies };
}

function compileKeys(message: JwtProvider, place: Place, context: CompileContext): JwtProviderData["keys"] {
  const { jwksSourceSpecifier: source } = message;
  if (source.case === "remoteJwks") return compileRemote(source.value, place.field("remote_jwks"), context);
  // Nothing else passes the protos' rules and the support table.
  if (source.case !== "localJwks") return [];
  const at = place.field("local_jwks");
  const bytes = compileDataSource(source.value, LARGEST_JWKS_BYTES, at, context);
  const keys = parseJwks(Buffer.from(bytes).toString("utf8"));
  if (keys === null) {
    context.error(at, "is no JSON Web Key Set", 'expected {"keys": […]}');
    return [];
  }
  const usable = keys.filter((key) => createJwtKey(key) !== null);
  if (usable.length === 0) context.error(at, "holds no key that tokens can be verified with");
  return usable;
}

function compileRemote(message: RemoteJwks, place: Place, context: CompileContext): RemoteKeysData {
  const { asyncFetch } = message;
  return {
    service: compileHttpUri(message.httpUri, place.field("http_uri"), context),
    cacheMs: durationMs(message.cacheDuration, DEFAULT_CACHE_MS),
    background:
      asyncFetch === undefined
        ? null
        : { failedRefetchMs: durationMs(asyncFetch.failedRefetchDuration, DEFAULT_FAILED_REFETCH_MS) },
    retry: compileAsyncRetry(message.retryPolicy),
  };
}
