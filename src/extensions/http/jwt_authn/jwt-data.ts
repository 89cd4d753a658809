import type { StringMatcherData } from "../../../match/string-matcher.ts";
import type { RouteMatchData } from "../../../route/route-table-data.ts";
import type { AsyncRetryData } from "../../../upstream/async/async-request.ts";
import type { HttpServiceData } from "../../../upstream/async/http-service-data.ts";

/** Where a provider's tokens are in a request. Plain data. */
export interface TokenPlacesData {
  /** `prefix` stands before the token, somewhere in the value. */
  readonly headers: readonly { readonly name: string; readonly prefix: string }[];
  readonly params: readonly string[];
  readonly cookies: readonly string[];
}

/** Envoy's `RemoteJwks`, checked. Plain data. */
export interface RemoteKeysData {
  readonly service: HttpServiceData;
  /** How long keys are good. Default 10 minutes. */
  readonly cacheMs: number;
  /** Null: keys are fetched when a token needs them. */
  readonly background: { /** After a failure. Default 1 s. */ readonly failedRefetchMs: number } | null;
  readonly retry: AsyncRetryData | null;
}

/** Envoy's `JwtProvider`, checked. Plain data. */
export interface JwtProviderData {
  readonly name: string;
  /** `""` = any. */
  readonly issuer: string;
  /** Without scheme and last slash; empty = any. */
  readonly audiences: readonly string[];
  readonly subjects: StringMatcherData | null;
  readonly requireExpiration: boolean;
  /** Seconds that a token may be valid from now on; null = any. */
  readonly maxLifetimeS: number | null;
  readonly clockSkewS: number;
  /** Those that are configured, or where they are fetched. */
  readonly keys: readonly Readonly<Record<string, unknown>>[] | RemoteKeysData;
  readonly places: TokenPlacesData;
  /** Whether upstreams get the token. */
  readonly forward: boolean;
  readonly forwardPayloadHeader: string;
  readonly padPayload: boolean;
  readonly payloadInMetadata: string;
  /** Claims that are lists with spaces between; in the metadata they are lists. */
  readonly spaceDelimitedClaims: readonly string[];
  readonly headerInMetadata: string;
  /** Where code and message of a failure go. */
  readonly failureInMetadata: string;
  readonly claimHeaders: readonly { readonly header: string; readonly claim: readonly string[] }[];
  readonly clearRouteCache: boolean;
}

/** Envoy's `JwtRequirement`, checked. Plain data. */
export type JwtRequirementData =
  /** `audiences` null = those of the provider. */
  | { readonly type: "provider"; readonly provider: string; readonly audiences: readonly string[] | null }
  | {
      readonly type: "any";
      readonly requirements: readonly JwtRequirementData[];
      readonly tolerates: "nothing" | "missing" | "failed";
    }
  | { readonly type: "all"; readonly requirements: readonly JwtRequirementData[] }
  /** Tokens of any provider: none (`missing`) or even bad ones (`failed`) will do. */
  | { readonly type: "optional"; readonly tolerates: "missing" | "failed" };

/** Envoy's `JwtAuthentication`, checked. Plain data. */
export interface JwtAuthnData {
  readonly providers: readonly JwtProviderData[];
  /** The first that matches counts; a null requirement asks for nothing. */
  readonly rules: readonly { readonly match: RouteMatchData; readonly requirement: JwtRequirementData | null }[];
  /** Counts if no rule matches: the requirement is that of the filter state's text. Null: there is none. */
  readonly byFilterState: {
    readonly key: string;
    readonly requirements: readonly (readonly [value: string, requirement: JwtRequirementData])[];
  } | null;
  readonly named: readonly (readonly [name: string, requirement: JwtRequirementData])[];
  readonly bypassCorsPreflight: boolean;
  readonly stripFailureResponse: boolean;
}

/** Envoy's `PerRouteConfig`, checked: the name of a requirement, or null for none. Plain data. */
export interface JwtRouteData {
  readonly requirementName: string | null;
}
