import { createStringMatcher, type StringMatcher } from "../../../match/string-matcher.ts";
import { wireText } from "../../../match/wire-text.ts";
import { bareAudience } from "./bare-audience.ts";
import { type JsonWebToken, JwtFailure } from "./json-web-token.ts";
import type { JwtProviderData, RemoteKeysData } from "./jwt-data.ts";
import { createJwtKey, type JwtKey } from "./jwt-key.ts";
import { RemoteKeys } from "./remote-keys.ts";

/** Keys that a request has to wait for, and those it has waited for already. */
export interface KeyWishes {
  readonly wanted: Set<RemoteKeys>;
  readonly asked: ReadonlySet<RemoteKeys>;
}

/** Somebody who gives out tokens, on a worker. */
export class TokenProvider {
  readonly data: JwtProviderData;
  readonly #keys: readonly JwtKey[] | RemoteKeys;
  readonly #subjects: StringMatcher | null;

  /** `data` is checked already. `remoteKeys` makes the keys that are fetched. */
  constructor(data: JwtProviderData, remoteKeys: (data: RemoteKeysData) => RemoteKeys) {
    this.data = data;
    const { keys } = data;
    this.#keys = isRemote(keys) ? remoteKeys(keys) : keys.flatMap((jwk) => createJwtKey(jwk) ?? []);
    this.#subjects = data.subjects === null ? null : createStringMatcher(data.subjects);
  }

  /** Whether a token may be this provider's, by its issuer. */
  issues(token: JsonWebToken): boolean {
    return this.data.issuer === "" || this.data.issuer === token.issuer;
  }

  /**
   * Null if the token is good. `audiences` null = the provider's. If the keys must be fetched first, they are added to the wishes: the
   * result then means nothing. Source: Envoy's `AuthenticatorImpl`.
   */
  failure(
    token: JsonWebToken,
    audiences: readonly string[] | null,
    nowS: number,
    wishes: KeyWishes,
  ): JwtFailure | null {
    const { data } = this;
    if (!this.issues(token)) return JwtFailure.unknownIssuer;
    if (this.#subjects !== null && !this.#subjects.matches(wireText(token.subject))) return JwtFailure.verification;
    if (!this.#livesAsAllowed(token, nowS)) return JwtFailure.verification;
    if (token.notBefore !== null && nowS + data.clockSkewS < token.notBefore) return JwtFailure.notYetValid;
    if (token.expiration !== null && nowS > token.expiration + data.clockSkewS) return JwtFailure.expired;
    if (!allowsAudience(audiences ?? data.audiences, token.audiences)) return JwtFailure.audience;
    return this.#signatureFailure(token, wishes);
  }

  #livesAsAllowed({ expiration }: JsonWebToken, nowS: number): boolean {
    const { requireExpiration, maxLifetimeS } = this.data;
    if (expiration === null) return !requireExpiration && maxLifetimeS === null;
    return maxLifetimeS === null || expiration - nowS <= maxLifetimeS;
  }

  /** Null if they can't be had. */
  #usableKeys(wishes: KeyWishes): readonly JwtKey[] | null {
    const keys = this.#keys;
    if (!(keys instanceof RemoteKeys)) return keys;
    if (wishes.asked.has(keys)) return keys.lastFetchSucceeded ? keys.keys : null;
    if (keys.isFresh) return keys.keys;
    wishes.wanted.add(keys);
    return null;
  }

  #signatureFailure(token: JsonWebToken, wishes: KeyWishes): JwtFailure | null {
    const { algorithm, keyId, signedText, signature, header } = token;
    // RFC 7515, section 4.1.11: what must be understood is not.
    const { crit } = header;
    if (crit !== undefined) return JwtFailure.verification;
    const keys = this.#usableKeys(wishes);
    if (keys === null) return JwtFailure.fetchFailed;
    let suited = false;
    for (const key of keys) {
      if (!key.suits(algorithm, keyId)) continue;
      suited = true;
      if (key.verifies(algorithm, signedText, signature)) return null;
    }
    return suited ? JwtFailure.verification : JwtFailure.noKey;
  }
}

function isRemote(keys: JwtProviderData["keys"]): keys is RemoteKeysData {
  return "service" in keys;
}

function allowsAudience(allowed: readonly string[], audiences: readonly string[]): boolean {
  return allowed.length === 0 || audiences.some((audience) => allowed.includes(bareAudience(audience)));
}
