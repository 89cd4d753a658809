import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { type JsonWebToken, JwtFailure, parseJwt } from "./json-web-token.ts";
import type { JwtProviderData, JwtRequirementData, RemoteKeysData } from "./jwt-data.ts";
import type { RemoteKeys } from "./remote-keys.ts";
import { type FoundToken, findTokens } from "./token-places.ts";
import { type KeyWishes, TokenProvider } from "./token-provider.ts";

/** A token that a provider vouches for. */
export interface AcceptedToken {
  readonly provider: TokenProvider;
  readonly token: JsonWebToken;
  readonly found: FoundToken;
}

/** One request that is asked for its tokens, and what was found out. */
export interface JwtInquiry {
  readonly headers: RequestHeaderMap;
  readonly nowS: number;
  readonly wishes: KeyWishes;
  /** The tokens that were accepted on the way. */
  readonly accepted: AcceptedToken[];
  /** What was wrong with tokens, by the key under which their providers want it in the metadata. */
  readonly failed: Map<string, JwtFailure>;
}

/** Says whether a request meets a requirement. Stateless; one per filter and worker. Source: Envoy's `Verifier`. */
export class JwtVerifier {
  readonly #providers: ReadonlyMap<string, TokenProvider>;
  /** Whose failure it is when no token says; null if there are several providers. */
  readonly #onlyProvider: TokenProvider | null;

  constructor(providers: readonly JwtProviderData[], remoteKeys: (data: RemoteKeysData) => RemoteKeys) {
    this.#providers = new Map(providers.map((data) => [data.name, new TokenProvider(data, remoteKeys)]));
    const [first, second] = this.#providers.values();
    this.#onlyProvider = first === undefined || second !== undefined ? null : first;
  }

  /**
   * Null if it does. If keys must be fetched first, they are added to `wishes.wanted`: then the result means nothing, and the question is
   * to be put again.
   */
  failure(requirement: JwtRequirementData, inquiry: JwtInquiry): JwtFailure | null {
    switch (requirement.type) {
      case "provider":
        return this.#ofProvider(this.#providers.get(requirement.provider)!, requirement.audiences, inquiry);
      case "all": {
        for (const each of requirement.requirements) {
          const failure = this.failure(each, inquiry);
          if (failure !== null) return failure;
        }
        return null;
      }
      case "any":
        return this.#ofAny(requirement, inquiry);
      default: {
        const failure = this.#ofAnyProvider(inquiry);
        return requirement.tolerates === "failed" || failure === JwtFailure.missing ? null : failure;
      }
    }
  }

  /** A provider's places must hold a token, and all that they hold must be good. */
  #ofProvider(provider: TokenProvider, audiences: readonly string[] | null, inquiry: JwtInquiry): JwtFailure | null {
    const found = findTokens(inquiry.headers, provider.data.places);
    if (found.length === 0) return this.#note(JwtFailure.missing, null, inquiry);
    const accepted: AcceptedToken[] = [];
    for (const each of found) {
      const token = parseJwt(each.text);
      if (typeof token === "string") return this.#note(token, null, inquiry);
      const failure = provider.failure(token, audiences, inquiry.nowS, inquiry.wishes);
      if (failure !== null) return this.#note(failure, provider, inquiry);
      accepted.push({ provider, token, found: each });
    }
    inquiry.accepted.push(...accepted);
    return null;
  }

  #ofAny(requirement: Extract<JwtRequirementData, { type: "any" }>, inquiry: JwtInquiry): JwtFailure | null {
    let worst: JwtFailure = JwtFailure.missing;
    for (const each of requirement.requirements) {
      const failure = this.failure(each, inquiry);
      if (failure === null) return null;
      // Envoy tells rather what is wrong with a token than that one is missing or of another issuer.
      if (rank(failure) >= rank(worst)) worst = failure;
    }
    const { tolerates } = requirement;
    return tolerates === "failed" || (tolerates === "missing" && worst === JwtFailure.missing) ? null : worst;
  }

  /** Tokens of whatever provider: each must be good for the provider that its issuer and its place belong to. */
  #ofAnyProvider(inquiry: JwtInquiry): JwtFailure | null {
    /** Whether each token belongs to a provider. */
    const known = new Map<string, boolean>();
    for (const provider of this.#providers.values()) {
      for (const found of findTokens(inquiry.headers, provider.data.places)) {
        const token = parseJwt(found.text);
        if (typeof token === "string") return this.#note(token, null, inquiry);
        const isKnown = known.get(found.text) === true;
        known.set(found.text, isKnown || provider.issues(token));
        if (!provider.issues(token)) continue;
        const failure = provider.failure(token, null, inquiry.nowS, inquiry.wishes);
        if (failure !== null) return this.#note(failure, provider, inquiry);
        inquiry.accepted.push({ provider, token, found });
      }
    }
    if (known.size === 0) return this.#note(JwtFailure.missing, null, inquiry);
    if ([...known.values()].every((isKnown) => isKnown)) return null;
    return this.#note(JwtFailure.unknownIssuer, null, inquiry);
  }

  /** Notes a failure under the key of its provider, which may be unknown (null); answers the failure. */
  #note(failure: JwtFailure, provider: TokenProvider | null, inquiry: JwtInquiry): JwtFailure {
    const key = (provider ?? this.#onlyProvider)?.data.failureInMetadata ?? "";
    if (key !== "") inquiry.failed.set(key, failure);
    return failure;
  }
}

function rank(failure: JwtFailure): number {
  if (failure === JwtFailure.missing) return 0;
  return failure === JwtFailure.unknownIssuer ? 1 : 2;
}
