import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from "node:crypto";

/** How each algorithm verifies, and which keys may do it: what a token names never chooses another kind of key. */
interface Algorithm {
  readonly keyType: "rsa" | "ec" | "ed25519" | "secret";
  readonly hash: string;
  /** For `ec`: the only curve. */
  readonly curve?: string;
  readonly pss?: boolean;
}

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["RS256", { keyType: "rsa", hash: "sha256" }],
  ["RS384", { keyType: "rsa", hash: "sha384" }],
  ["RS512", { keyType: "rsa", hash: "sha512" }],
  ["PS256", { keyType: "rsa", hash: "sha256", pss: true }],
  ["PS384", { keyType: "rsa", hash: "sha384", pss: true }],
  ["PS512", { keyType: "rsa", hash: "sha512", pss: true }],
  ["ES256", { keyType: "ec", hash: "sha256", curve: "prime256v1" }],
  ["ES384", { keyType: "ec", hash: "sha384", curve: "secp384r1" }],
  ["ES512", { keyType: "ec", hash: "sha512", curve: "secp521r1" }],
  ["EdDSA", { keyType: "ed25519", hash: "" }],
  ["HS256", { keyType: "secret", hash: "sha256" }],
  ["HS384", { keyType: "secret", hash: "sha384" }],
  ["HS512", { keyType: "secret", hash: "sha512" }],
]);

/** Whether a token may name this algorithm. */
export function isJwtAlgorithm(name: string): boolean {
  return ALGORITHMS.has(name);
}

/** A key that verifies tokens. */
export interface JwtKey {
  /** Whether it may be the one that a token's header names. */
  suits(algorithm: string, keyId: string): boolean;
  /** `algorithm` suits. */
  verifies(algorithm: string, signedText: string, signature: Buffer): boolean;
}

/** Makes a key of a JSON Web Key (RFC 7517); null if it is none that verifies. */
export function createJwtKey(jwk: Readonly<Record<string, unknown>>): JwtKey | null {
  const key = importKey(jwk);
  const { use, kid = "", alg = "" } = jwk;
  if (key === null || use === "enc") return null;
  const type = key.type === "secret" ? "secret" : key.asymmetricKeyType;
  return {
    suits: (algorithm, keyId) => {
      const { keyType, curve } = ALGORITHMS.get(algorithm) ?? {};
      if (keyType !== type || (alg !== "" && alg !== algorithm)) return false;
      if (curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== curve) return false;
      return kid === "" || keyId === "" || kid === keyId;
    },
    verifies: (algorithm, signedText, signature) =>
      verifySignature(ALGORITHMS.get(algorithm)!, key, signedText, signature),
  };
}

function importKey(jwk: Readonly<Record<string, unknown>>): KeyObject | null {
  try {
    const { kty, k } = jwk;
    if (kty !== "oct") return createPublicKey({ key: { ...jwk }, format: "jwk" });
    const secret = typeof k === "string" ? Buffer.from(k, "base64url") : Buffer.alloc(0);
    return secret.length === 0 ? null : createSecretKey(secret);
  } catch {
    return null;
  }
}

function verifySignature(algorithm: Algorithm, key: KeyObject, signedText: string, signature: Buffer): boolean {
  const data = Buffer.from(signedText, "latin1");
  try {
    switch (algorithm.keyType) {
      case "secret": {
        const expected = createHmac(algorithm.hash, key).update(data).digest();
        return expected.length === signature.length && timingSafeEqual(expected, signature);
      }
      case "ec":
        return verify(algorithm.hash, data, { key, dsaEncoding: "ieee-p1363" }, signature);
      case "ed25519":
        return verify(null, data, key, signature);
      default: {
        if (algorithm.pss !== true) return verify(algorithm.hash, data, key, signature);
        const padding = constants.RSA_PKCS1_PSS_PADDING;
        return verify(algorithm.hash, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, signature);
      }
    }
  } catch {
    return false;
  }
}
