import type { Clock } from "../../../base/clock.ts";
import type { RandomSource } from "../../../base/random.ts";
import { FilterHeadersStatus } from "../../../http/filter.ts";
import { stripForHeader } from "../../../http/format/log-escape.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { failureStatus } from "./failure-code.ts";
import { JwtFailure } from "./json-web-token.ts";
import type { JwtAuthnData, JwtProviderData, JwtRequirementData, JwtRouteData } from "./jwt-data.ts";
import type { AcceptedToken, JwtInquiry, JwtVerifier } from "./jwt-verifier.ts";
import { KeyWait } from "./key-wait.ts";
import type { RemoteKeys } from "./remote-keys.ts";
import type { RequestRule } from "./request-rule.ts";
import type { JwtAuthnStats } from "./stats.ts";

const METADATA_NAMESPACE = "envoy.filters.http.jwt_authn";
/** As in Envoy: more of the URI does not go into `www-authenticate`. */
const LONGEST_REALM = 256;

const NONE: ReadonlySet<RemoteKeys> = new Set();

/** What the streams of one configured filter on one worker share. */
export interface JwtAuthnRuntime {
  readonly data: JwtAuthnData;
  readonly verifier: JwtVerifier;
  readonly rules: readonly RequestRule[];
  readonly named: ReadonlyMap<string, JwtRequirementData>;
  readonly byFilterState: {
    readonly key: string;
    readonly requirements: ReadonlyMap<string, JwtRequirementData>;
  } | null;
  /** Headers that only the filter may set. */
  readonly ownHeaders: readonly string[];
  readonly stats: JwtAuthnStats;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/**
 * Lets requests through whose JSON Web Tokens meet the requirement of their route, or of the first rule that matches; answers the
 * others with 401 or 403 (`jwt_authn_access_denied{…}`). Source: Envoy's JWT authentication filter.
 * Differs from Envoy: the headers that carry payload and claims are taken out of every request, also where nothing is required. A
 * token with `crit` is refused (RFC 7515).
 */
export class JwtAuthnFilter extends PassThroughFilter {
  readonly #runtime: JwtAuthnRuntime;
  /** Null if no keys had to be fetched. */
  #wait: KeyWait | null = null;

  constructor(runtime: JwtAuthnRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { data, stats, ownHeaders } = this.#runtime;
    for (const name of ownHeaders) headers.remove(name);
    if (data.bypassCorsPreflight && isPreflight(headers)) {
      stats.corsPreflightBypassed.inc();
      return this.#allow();
    }
    const route = this.decoder.perFilterConfig() as JwtRouteData | undefined;
    if (route?.requirementName !== undefined && route.requirementName !== null) {
      if (!this.#runtime.named.has(route.requirementName)) return this.#denyUnknownName(route.requirementName);
    }
    const requirement = this.#requirement(headers, route);
    if (requirement === null) return this.#allow();
    return this.#verify(headers, requirement);
  }

  override onDestroy(): void {
    this.#wait?.cancel();
  }

  #verify(headers: RequestHeaderMap, requirement: JwtRequirementData): FilterHeadersStatus {
    const { verifier, clock } = this.#runtime;
    const wishes = { wanted: new Set<RemoteKeys>(), asked: this.#wait?.asked ?? NONE };
    const inquiry: JwtInquiry = {
      headers,
      nowS: clock.wallMs() / 1000,
      wishes,
      accepted: [],
      failed: new Map(),
    };
    const failure = verifier.failure(requirement, inquiry);
    if (wishes.wanted.size > 0) {
      this.#wait ??= new KeyWait(() => this.#onKeys(headers, requirement), this.decoder.streamInfo.span);
      const isReady = this.#wait.start(wishes.wanted);
      return isReady ? this.#verify(headers, requirement) : FilterHeadersStatus.stopAllIterationAndWatermark;
    }
    for (const [key, each] of inquiry.failed) {
      this.decoder.streamInfo.metadata(METADATA_NAMESPACE)[key] = failureStatus(each);
    }
    if (failure !== null) return this.#deny(failure, headers);
    for (const each of inquiry.accepted) this.#use(each, headers);
    return this.#allow();
  }

  #onKeys(headers: RequestHeaderMap, requirement: JwtRequirementData): void {
    if (this.#verify(headers, requirement) === FilterHeadersStatus.continue) this.decoder.continueDecoding();
  }

  #requirement(headers: RequestHeaderMap, route: JwtRouteData | undefined): JwtRequirementData | null {
    const { named, rules, random, byFilterState } = this.#runtime;
    if (route !== undefined) return route.requirementName === null ? null : named.get(route.requirementName)!;
    for (const rule of rules) if (rule.matches(headers, random)) return rule.requirement;
    if (byFilterState === null) return null;
    const value = this.decoder.streamInfo.filterState?.get(byFilterState.key);
    return typeof value === "string" ? (byFilterState.requirements.get(value) ?? null) : null;
  }

  #allow(): FilterHeadersStatus {
    this.#runtime.stats.allowed.inc();
    return FilterHeadersStatus.continue;
  }

  /** Hands on what a token says. */
  #use({ provider: { data }, token, found }: AcceptedToken, headers: RequestHeaderMap): void {
    if (!data.forward) found.remove(headers);
    if (data.forwardPayloadHeader !== "") {
      const padding = data.padPayload ? "=".repeat((4 - (token.payloadText.length % 4)) % 4) : "";
      headers.add(data.forwardPayloadHeader, token.payloadText + padding);
    }
    for (const { header, claim } of data.claimHeaders) {
      const value = claimText(token.payload, claim);
      if (value !== null) headers.add(header, value);
    }
    const { streamInfo } = this.decoder;
    if (data.payloadInMetadata !== "") {
      streamInfo.metadata(METADATA_NAMESPACE)[data.payloadInMetadata] = withLists(token.payload, data);
    }
    if (data.headerInMetadata !== "") streamInfo.metadata(METADATA_NAMESPACE)[data.headerInMetadata] = token.header;
    if (data.clearRouteCache) this.decoder.clearRouteCache();
  }

  #deny(failure: JwtFailure, headers: RequestHeaderMap): FilterHeadersStatus {
    const { data, stats } = this.#runtime;
    stats.denied.inc();
    const realm = `${headers.scheme}://${headers.authority}${headers.path}`.slice(0, LONGEST_REALM);
    const error = failure === JwtFailure.missing ? "" : ', error="invalid_token"';
    const challenge = `Bearer realm="${realm.replace(/["\\]/g, "")}"${error}`;
    this.decoder.sendLocalReply({
      status: failure === JwtFailure.audience ? 403 : 401,
      body: data.stripFailureResponse ? "" : failure,
      details: detailsOf(failure),
      ...(!data.stripFailureResponse && { modifyHeaders: (reply) => reply.set("www-authenticate", challenge) }),
    });
    return FilterHeadersStatus.stopIteration;
  }

  #denyUnknownName(name: string): FilterHeadersStatus {
    const { data, stats, named } = this.#runtime;
    stats.denied.inc();
    const reason = `Wrong requirement_name: ${name}. Correct names: ${[...named.keys()].join(",")}`;
    this.decoder.sendLocalReply({
      status: 403,
      body: data.stripFailureResponse ? "" : `Failed JWT authentication: ${reason}`,
      details: detailsOf(reason),
    });
    return FilterHeadersStatus.stopIteration;
  }
}

/** The payload with the claims that are lists with spaces between as lists. */
function withLists(payload: Readonly<Record<string, unknown>>, { spaceDelimitedClaims: claims }: JwtProviderData) {
  if (claims.length === 0) return payload;
  const copy = { ...payload };
  for (const claim of claims) {
    const value = Object.hasOwn(copy, claim) ? copy[claim] : undefined;
    if (typeof value === "string") copy[claim] = value.split(" ").filter((part) => part !== "");
  }
  return copy;
}

function detailsOf(reason: string): string {
  return `jwt_authn_access_denied{${reason.replace(/\s/g, "_")}}`;
}

function isPreflight(headers: RequestHeaderMap): boolean {
  return headers.method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
}

/** A claim as a header's value: objects and lists are JSON in base64, as in Envoy; null if the token lacks it. */
function claimText(payload: Readonly<Record<string, unknown>>, path: readonly string[]): string | null {
  let value: unknown = payload;
  for (const key of path) {
    const inside = typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key);
    value = inside ? (value as Record<string, unknown>)[key] : undefined;
  }
  if (typeof value === "string") return stripForHeader(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "object" && value !== null ? Buffer.from(JSON.stringify(value)).toString("base64url") : null;
}
