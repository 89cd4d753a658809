import type { HeaderNameFormat } from "../header-name-format.ts";

/** Names with their words in upper case. Bounded: further names are worked out each time. */
const known = new Map<string, string>();
const KNOWN_LIMIT = 4096;
const LONGEST_KNOWN = 64;
const WORD_START = /(^|[^a-z0-9])([a-z])/g;

/** `content-type` as `Content-Type`: the first letter is upper case, and each one behind a character that is no letter or digit. Source: Envoy's `ProperCaseHeaderKeyFormatter`. */
export function properCase(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const proper = name.replace(WORD_START, (_, border: string, letter: string) => border + letter.toUpperCase());
  if (known.size < KNOWN_LIMIT && name.length <= LONGEST_KNOWN) known.set(name, proper);
  return proper;
}

/** Envoy's `proper_case_words`. */
export const PROPER_CASE_WORDS: HeaderNameFormat = { format: properCase, reason: "" };
