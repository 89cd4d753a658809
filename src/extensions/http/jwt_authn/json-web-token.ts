import { isJwtAlgorithm } from "./jwt-key.ts";

/** Why a token is not accepted, in Envoy's words. */
export const JwtFailure = {
  missing: "Jwt is missing",
  badFormat: "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
  headerBase64: "Jwt header is an invalid Base64url encoded",
  headerJson: "Jwt header is an invalid JSON",
  headerAlgorithm: "Jwt header [alg] field is required and must be a string",
  unknownAlgorithm: "Jwt header [alg] is not supported",
  headerKeyId: "Jwt header [kid] field is not a string",
  payloadBase64: "Jwt payload is an invalid Base64url encoded",
  payloadJson: "Jwt payload is an invalid JSON",
  issuerType: "Jwt payload [iss] field is not a string",
  subjectType: "Jwt payload [sub] field is not a string",
  issuedAtType: "Jwt payload [iat] field is not an integer",
  notBeforeType: "Jwt payload [nbf] field is not an integer",
  expirationType: "Jwt payload [exp] field is not an integer",
  audienceType: "Jwt payload [aud] field is not a string or string list",
  signatureBase64: "Jwt signature is an invalid Base64url encoded",
  unknownIssuer: "Jwt issuer is not configured",
  audience: "Audiences in Jwt are not allowed",
  notYetValid: "Jwt not yet valid",
  expired: "Jwt is expired",
  noKey: "Jwks doesn't have key to match kid or alg from Jwt",
  verification: "Jwt verification fails",
  fetchFailed: "Jwks remote fetch is failed",
} as const;
export type JwtFailure = (typeof JwtFailure)[keyof typeof JwtFailure];

/** A token that was read, not verified. */
export interface JsonWebToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The payload as it came, in base64url. */
  readonly payloadText: string;
  /** What was signed: header and payload as they came. */
  readonly signedText: string;
  readonly signature: Buffer;
  readonly algorithm: string;
  /** `""` if the header names no key. */
  readonly keyId: string;
  /** `""` if there is none; the same for the subject. */
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Seconds since the epoch; null if the token does not say. */
  readonly notBefore: number | null;
  readonly expiration: number | null;
}

const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** Reads a token (RFC 7519, compact form), or says what is wrong with it. */
export function parseJwt(text: string): JsonWebToken | JwtFailure {
  const [headerText, payloadText, signatureText, ...more] = text.split(".");
  if (headerText === undefined || payloadText === undefined || signatureText === undefined || more.length > 0) {
    return JwtFailure.badFormat;
  }
  if (!BASE64URL.test(headerText)) return JwtFailure.headerBase64;
  const header = parseObject(headerText);
  if (header === null) return JwtFailure.headerJson;
  const { alg: algorithm, kid: keyId = "" } = header;
  if (typeof algorithm !== "string") return JwtFailure.headerAlgorithm;
  if (!isJwtAlgorithm(algorithm)) return JwtFailure.unknownAlgorithm;
  if (typeof keyId !== "string") return JwtFailure.headerKeyId;
  if (!BASE64URL.test(payloadText)) return JwtFailure.payloadBase64;
  const payload = parseObject(payloadText);
  if (payload === null) return JwtFailure.payloadJson;
  if (!BASE64URL.test(signatureText)) return JwtFailure.signatureBase64;
  const claims = readClaims(payload);
  if (typeof claims === "string") return claims;
  return {
    header,
    payload,
    payloadText,
    signedText: `${headerText}.${payloadText}`,
    signature: Buffer.from(signatureText, "base64url"),
    algorithm,
    keyId,
    ...claims,
  };
}

type Claims = Pick<JsonWebToken, "issuer" | "subject" | "audiences" | "notBefore" | "expiration">;

function readClaims(payload: Readonly<Record<string, unknown>>): Claims | JwtFailure {
  const { iss: issuer = "", sub: subject = "", iat = null, nbf: notBefore = null, exp: expiration = null } = payload;
  const { aud = [] } = payload;
  if (typeof issuer !== "string") return JwtFailure.issuerType;
  if (typeof subject !== "string") return JwtFailure.subjectType;
  if (!isTime(iat)) return JwtFailure.issuedAtType;
  if (!isTime(notBefore)) return JwtFailure.notBeforeType;
  if (!isTime(expiration)) return JwtFailure.expirationType;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((audience) => typeof audience === "string")) return JwtFailure.audienceType;
  return { issuer, subject, audiences: audiences as string[], notBefore, expiration };
}

function isTime(value: unknown): value is number | null {
  return value === null || (typeof value === "number" && value >= 0 && Number.isFinite(value));
}

function parseObject(base64url: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
