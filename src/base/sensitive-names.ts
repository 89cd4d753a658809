/** Fields that Envoy's protos mark as sensitive, with others that hold secrets all the same, and query parameters. In snake case. */
const SENSITIVE: ReadonlySet<string> = new Set([
  "private_key",
  "private_key_provider",
  "pkcs12",
  "password",
  "session_ticket_keys",
  "secret",
  "secret_data",
  "users",
  "auth_username",
  "auth_password",
  "downstream_auth_username",
  "downstream_auth_password",
  "downstream_auth_passwords",
  "context_extensions",
  "backend_token",
  "secret_access_key",
  "session_token",
  "access_token",
  "hmac_secret",
  "client_secret",
  "refresh_token",
  "id_token",
  "api_key",
  "apikey",
]);

/** Headers whose values are secrets. In lower case. */
const SENSITIVE_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "x-amz-security-token",
  "x-forwarded-client-cert",
]);

/** Whether a field of this name holds a secret. In either of the forms that proto JSON knows: `private_key`, `privateKey`. */
export function isSensitiveField(name: string): boolean {
  return SENSITIVE.has(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** Whether a header of this name carries credentials. */
export function isSensitiveHeader(name: string): boolean {
  return SENSITIVE_HEADERS.has(name.toLowerCase());
}
