import { isSensitiveField } from "../base/sensitive-names.ts";
import type { Place } from "./place.ts";

/** A text in quotes; if it was cut and has no end, all that follows. */
const QUOTED = /"(?:[^"\\]|\\.)*(?:"|\\?$)/gs;

/**
 * Whether what stands at a place of the configuration, or in a field below, may be a secret: below a sensitive field, keys of
 * `local_jwks`, and the values of headers, whose names are known only to who reads the message.
 */
export function holdsSecret(place: Place): boolean {
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) {
    const { step, parent } = at;
    if (typeof step !== "string") continue;
    if (isSensitiveField(step) || step === "local_jwks") return true;
    if ((step === "value" || step === "raw_value") && parent !== undefined && isHeader(parent)) return true;
  }
  return false;
}

/** What is said about a secret, without what it quotes of it. */
export function withoutQuotes(text: string): string {
  return text.replace(QUOTED, "[redacted]");
}

/** `header`, or an item of `request_headers_to_add`, `initial_metadata` and their like. */
function isHeader({ step, parent }: Place): boolean {
  return step === "header" || (typeof step === "number" && /header|metadata/.test(String(parent?.step)));
}
