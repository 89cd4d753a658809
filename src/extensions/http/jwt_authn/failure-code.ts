import type { JwtFailure } from "./json-web-token.ts";

/** The numbers that Envoy gives failures in `failed_status_in_metadata`. */
const CODES: Readonly<Record<JwtFailure, number>> = {
  "Jwt is missing": 1,
  "Jwt not yet valid": 2,
  "Jwt is expired": 3,
  "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections": 4,
  "Jwt header is an invalid Base64url encoded": 5,
  "Jwt header is an invalid JSON": 6,
  "Jwt header [alg] field is required and must be a string": 7,
  "Jwt header [alg] is not supported": 8,
  "Jwt header [kid] field is not a string": 9,
  "Jwt payload is an invalid Base64url encoded": 10,
  "Jwt payload is an invalid JSON": 11,
  "Jwt payload [iss] field is not a string": 12,
  "Jwt payload [sub] field is not a string": 13,
  "Jwt payload [iat] field is not an integer": 14,
  "Jwt payload [nbf] field is not an integer": 16,
  "Jwt payload [exp] field is not an integer": 18,
  "Jwt payload [aud] field is not a string or string list": 21,
  "Jwt signature is an invalid Base64url encoded": 22,
  "Jwt issuer is not configured": 24,
  "Audiences in Jwt are not allowed": 25,
  "Jwt verification fails": 26,
  "Jwks doesn't have key to match kid or alg from Jwt": 32,
  "Jwks remote fetch is failed": 40,
};

/** A failure as it is written into metadata. */
export function failureStatus(failure: JwtFailure): { readonly code: number; readonly message: string } {
  return { code: CODES[failure], message: failure };
}
