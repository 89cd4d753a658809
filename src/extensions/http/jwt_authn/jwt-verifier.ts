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

/** One request that is asked for its tokens. */
interface Inquiry {
  readonly wishes: KeyWishes;
  readonly headers: RequestHeaderMap;
  readonly nowS: number;
  readonly accepted: AcceptedToken[];
}

/** Says whether a request meets a requirement. Stateless; one per filter and worker. Source: Envoy's `Verifier`. */
export class JwtVerifier {
  readonly #providers: ReadonlyMap<string, TokenProvider>;

  constructor(providers: readonly JwtProviderData[], remoteKeys: (data: RemoteKeysData) => RemoteKeys) {
    this.#providers = new Map(providers.map((data) => [data.name, new TokenProvider(data, remoteKeys)]));
  }

  /**
   * Null if it does. The tokens that were accepted on the way are added to `accepted`. If keys must be fetched first, they are added to
   * `wishes.wanted`: then the result means nothing, and the question is to be put again.
   */
  failure(
    requirement: JwtRequirementData,
    headers: RequestHeaderMap,
    nowS: number,
    accepted: AcceptedToken[],
    wishes: KeyWishes,
  ): JwtFailure | null {
    return this.#failure(requirement, { headers, nowS, accepted, wishes });
  }

  #failure(requirement: JwtRequirementData, inquiry: Inquiry): JwtFailure | null {
    switch (requirement.type) {
      case "provider":
        return this.#ofProvider(this.#providers.get(requirement.provider)!, requirement.audiences, inquiry);
      case "all": {
        for (const each of requirement.requirements) {
          const failure = this.#failure(each, inquiry);
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
  #ofProvider(provider: TokenProvider, audiences: readonly string[] | null, inquiry: Inquiry): JwtFailure | null {
    const found = findTokens(inquiry.headers, provider.data.places);
    if (found.length === 0) return JwtFailure.missing;
    const accepted: AcceptedToken[] = [];
    for (const each of found) {
      const token = parseJwt(each.text);
      if (typeof token === "string") return token;
      const failure = provider.failure(token, audiences, inquiry.nowS, inquiry.wishes);
      if (failure !== null) return failure;
      accepted.push({ provider, token, found: each });
    }
    inquiry.accepted.push(...accepted);
    return null;
  }

  #ofAny(requirement: Extract<JwtRequirementData, { type: "any" }>, inquiry: Inquiry): JwtFailure | null {
    let worst: JwtFailure = JwtFailure.missing;
    for (const each of requirement.requirements) {
      const failure = this.#failure(each, inquiry);
      if (failure === null) return null;
      // Envoy tells rather what is wrong with a token than that one is missing or of another issuer.
      if (rank(failure) >= rank(worst)) worst = failure;
    }
    const { tolerates } = requirement;
    return tolerates === "failed" || (tolerates === "missing" && worst === JwtFailure.missing) ? null : worst;
  }

  /** Tokens of whatever provider: each must be good for the provider that its issuer and its place belong to. */
  #ofAnyProvider(inquiry: Inquiry): JwtFailure | null {
    /** Whether each token belongs to a provider. */
    const known = new Map<string, boolean>();
    for (const provider of this.#providers.values()) {
      for (const found of findTokens(inquiry.headers, provider.data.places)) {
        const token = parseJwt(found.text);
        if (typeof token === "string") return token;
        const isKnown = known.get(found.text) === true;
        known.set(found.text, isKnown || provider.issues(token));
        if (!provider.issues(token)) continue;
        const failure = provider.failure(token, null, inquiry.nowS, inquiry.wishes);
        if (failure !== null) return failure;
        inquiry.accepted.push({ provider, token, found });
      }
    }
    if (known.size === 0) return JwtFailure.missing;
    return [...known.values()].every((isKnown) => isKnown) ? null : JwtFailure.unknownIssuer;
  }
}

function rank(failure: JwtFailure): number {
  if (failure === JwtFailure.missing) return 0;
  return failure === JwtFailure.unknownIssuer ? 1 : 2;
}
