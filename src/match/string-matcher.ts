import { Regex } from "./regex.ts";
import { wireText } from "./wire-text.ts";

/** Envoy's `StringMatcher` as plain data. `ignoreCase` (ASCII only) has no effect on `regex`. */
export interface StringMatcherData {
  readonly type: "exact" | "prefix" | "suffix" | "contains" | "regex";
  readonly value: string;
  readonly ignoreCase: boolean;
}

/** Says yes or no to a text. Immutable. */
export interface StringMatcher {
  /** `value` is wire text: a character per byte. */
  matches(value: string): boolean;
}

/** Makes the matcher. `data` is checked already: throws on a bad regex. */
export function createStringMatcher(data: StringMatcherData): StringMatcher {
  if (data.type === "regex") return new Regex(data.value);
  const value = data.ignoreCase ? asciiLowerCase(wireText(data.value)) : wireText(data.value);
  const matcher = PLAIN[data.type](value);
  return data.ignoreCase ? { matches: (text) => matcher.matches(asciiLowerCase(text)) } : matcher;
}

const PLAIN: Record<Exclude<StringMatcherData["type"], "regex">, (expected: string) => StringMatcher> = {
  exact: (expected) => ({ matches: (text) => text === expected }),
  prefix: (expected) => ({ matches: (text) => text.startsWith(expected) }),
  suffix: (expected) => ({ matches: (text) => text.endsWith(expected) }),
  contains: (expected) => ({ matches: (text) => text.includes(expected) }),
};

const UPPER_CASE = /[A-Z]/;

/** `text` with A–Z in lower case; other characters, which may be bytes of UTF-8, stay as they are. */
export function asciiLowerCase(text: string): string {
  if (!UPPER_CASE.test(text)) return text;
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
