import { RE2JS } from "re2js";
import { unicodeText, wireText } from "./wire-text.ts";

/** Envoy's `RegexMatchAndSubstitute`: an RE2 pattern and a text in which `\1` … `\9` stand for groups, `\0` for the match. */
export interface RegexRewriteData {
  readonly pattern: string;
  readonly substitution: string;
}

/** Replaces every match of a pattern. Linear time. Immutable; one per worker. */
export class RegexRewrite {
  readonly #pattern: RE2JS;
  /** Literal texts and group numbers, in order. */
  readonly #parts: readonly (string | number)[];

  /** `data` must have passed `regexProblem` and `substitutionProblem`. */
  constructor(data: RegexRewriteData) {
    this.#pattern = RE2JS.compile(data.pattern);
    this.#parts = parseSubstitution(data.substitution) ?? [];
  }

  /** `value` (wire text) with all its matches replaced, as RE2's GlobalReplace; the same text if there is none. */
  replaceAll(value: string): string {
    const input = unicodeText(value);
    const matcher = this.#pattern.matcher(input);
    let output = "";
    let copiedTo = 0;
    while (matcher.find()) {
      output += input.slice(copiedTo, matcher.start());
      for (const part of this.#parts) output += typeof part === "string" ? part : (matcher.group(part) ?? "");
      copiedTo = matcher.end();
    }
    if (copiedTo === 0 && output === "") return value;
    return wireText(output + input.slice(copiedTo));
  }
}

/** What is wrong with a rewrite whose pattern is valid; null if nothing is. */
export function substitutionProblem(data: RegexRewriteData): string | null {
  const parts = parseSubstitution(data.substitution);
  if (parts === null) return "a backslash must be followed by a digit or another backslash";
  const groups = RE2JS.compile(data.pattern).groupCount();
  for (const part of parts) {
    if (typeof part === "number" && part > groups) {
      return `\\${part} names a group that the pattern lacks (it has ${groups})`;
    }
  }
  return null;
}

/** Splits a substitution; null if a backslash stands before something else than a digit or a backslash. */
function parseSubstitution(substitution: string): (string | number)[] | null {
  const parts: (string | number)[] = [];
  let literal = "";
  for (let i = 0; i < substitution.length; i++) {
    const char = substitution[i]!;
    if (char !== "\\") {
      literal += char;
      continue;
    }
    const next = substitution[++i];
    if (next === "\\") {
      literal += "\\";
    } else if (next !== undefined && next >= "0" && next <= "9") {
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push(Number(next));
    } else {
      return null;
    }
  }
  if (literal !== "") parts.push(literal);
  return parts;
}
