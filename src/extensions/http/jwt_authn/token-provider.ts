import { createStringMatcher, type StringMatcher } from "../../../match/string-matcher.ts";
import { wireText } from "../../../match/wire-text.ts";
import { bareAudience } from "./bare-audience.ts";
import { type JsonWebToken, JwtFailure } from "./json-web-token.ts";
import type { JwtProviderData } from "./jwt-data.ts";
import { createJwtKey, type JwtKey } from "./jwt-key.ts";

/** Somebody who gives out tokens, on a worker. Immutable. */
export class TokenProvider {
  readonly data: JwtProviderData;
  readonly #keys: readonly JwtKey[];
  readonly #subjects: StringMatcher | null;

  /** `data` is checked already. */
  constructor(data: JwtProviderData) {
    this.data = data;
    this.#keys = data.keys.flatMap((jwk) => createJwtKey(jwk) ?? []);
    this.#subjects = data.subjects === null ? null : createStringMatcher(data.subjects);
  }

  /** Whether a token may be this provider's, by its issuer. */
  issues(token: JsonWebToken): boolean {
    return this.data.issuer === "" || this.data.issuer === token.issuer;
  }

  /** Null if the token is good. `audiences` null = the provider's. Source: Envoy's `AuthenticatorImpl`. */
  failure(token: JsonWebToken, audiences: readonly string[] | null, nowS: number): JwtFailure | null {
    const { data } = this;
    if (!this.issues(token)) return JwtFailure.unknownIssuer;
    if (this.#subjects !== null && !this.#subjects.matches(wireText(token.subject))) return JwtFailure.verification;
    if (!this.#livesAsAllowed(token, nowS)) return JwtFailure.verification;
    if (token.notBefore !== null && nowS + data.clockSkewS < token.notBefore) return JwtFailure.notYetValid;
    if (token.expiration !== null && nowS > token.expiration + data.clockSkewS) return JwtFailure.expired;
    if (!allowsAudience(audiences ?? data.audiences, token.audiences)) return JwtFailure.audience;
    return this.#signatureFailure(token);
  }

  #livesAsAllowed({ expiration }: JsonWebToken, nowS: number): boolean {
    const { requireExpiration, maxLifetimeS } = this.data;
    if (expiration === null) return !requireExpiration && maxLifetimeS === null;
    return maxLifetimeS === null || expiration - nowS <= maxLifetimeS;
  }

  #signatureFailure({ algorithm, keyId, signedText, signature, header }: JsonWebToken): JwtFailure | null {
    // RFC 7515, section 4.1.11: what must be understood is not.
    const { crit } = header;
    if (crit !== undefined) return JwtFailure.verification;
    let suited = false;
    for (const key of this.#keys) {
      if (!key.suits(algorithm, keyId)) continue;
      suited = true;
      if (key.verifies(algorithm, signedText, signature)) return null;
    }
    return suited ? JwtFailure.verification : JwtFailure.noKey;
  }
}

function allowsAudience(allowed: readonly string[], audiences: readonly string[]): boolean {
  return allowed.length === 0 || audiences.some((audience) => allowed.includes(bareAudience(audience)));
}
