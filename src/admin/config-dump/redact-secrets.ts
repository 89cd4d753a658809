import { isSensitiveField, isSensitiveHeader } from "../../base/sensitive-names.ts";
import type { Json, JsonObject } from "../json-value.ts";

/** What stands for a secret in a dump, as in Envoy. */
const REDACTED = "[redacted]";
/** What a `HeaderMatcher` or `QueryParameterMatcher` compares with. */
const MATCHES: ReadonlySet<string> = new Set([
  ...["string_match", "exact_match", "prefix_match", "suffix_match", "contains_match", "safe_regex_match"],
  ...["stringMatch", "exactMatch", "prefixMatch", "suffixMatch", "containsMatch", "safeRegexMatch"],
]);
/** Keys for JSON Web Tokens: public ones, but symmetric ones as well. */
const LOCAL_KEYS: ReadonlySet<string> = new Set(["local_jwks", "localJwks"]);
/** Of a `HeaderValue`. */
const VALUES: ReadonlySet<string> = new Set(["value", "raw_value", "rawValue"]);
const INLINE: ReadonlySet<string> = new Set(["inline_string", "inline_bytes", "inlineString", "inlineBytes"]);

/** A copy of a part of a dumped configuration without its secrets; of one that is not a field's value by itself. */
export function redact(json: Json): Json {
  if (isArray(json)) return json.map(redact);
  return isObject(json) ? mapValues(json, (key, value) => hiddenField(json, key, value) ?? redact(value)) : json;
}

/**
 * What stands in a dump for a field that is secret: every text, number and flag below it becomes `[redacted]`, while `@type` stays.
 * Undefined if it is not secret as a whole; there may be secrets below.
 *
 * Differs from Envoy: headers that are set to credentials or compared with them, query parameters that are compared with them, keys in
 * `local_jwks`, and the credentials of `api_key_auth` are redacted too.
 */
export function hiddenField(json: JsonObject, key: string, value: Json): Json | undefined {
  if (isSensitiveField(key) && !isTypedMessage(value)) return hide(value);
  if (VALUES.has(key) && typeof json.key === "string" && isSensitiveHeader(json.key)) return REDACTED;
  if (MATCHES.has(key) && typeof json.name === "string" && isCredential(json.name)) return hide(value);
  if (LOCAL_KEYS.has(key) && isObject(value)) return hideInline(value);
  if (key === "credentials" && Array.isArray(value)) return hide(value);
  return undefined;
}

/** Whether a header, cookie or query parameter of this name carries credentials. */
function isCredential(name: string): boolean {
  return isSensitiveHeader(name) || isSensitiveField(name);
}

/** The text of a data source, but not the name of its file. */
function hideInline(source: JsonObject): JsonObject {
  return mapValues(source, (key, value) => (INLINE.has(key) ? hide(value) : value));
}

function hide(value: Json): Json {
  if (isArray(value)) return value.map(hide);
  if (isObject(value)) return mapValues(value, (key, inner) => (key === "@type" ? inner : hide(inner)));
  return value === null ? null : REDACTED;
}

function mapValues(json: JsonObject, change: (key: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, change(key, value)]));
}

/** A `secret` in the dump of secrets is a whole message, with a certificate chain that may be shown. */
function isTypedMessage(value: Json): boolean {
  return isObject(value) && value["@type"] !== undefined;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
