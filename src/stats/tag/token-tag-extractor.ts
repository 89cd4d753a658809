import type { TagExtractor, TagMatch } from "./stat-tag.ts";

/**
 * Finds a tag by a dotted pattern, as Envoy's tokenized extractors: `$` is the part to extract, `*` any one part, `**`
 * any number of parts; everything else stands for itself.
 */
export class TokenTagExtractor implements TagExtractor {
  readonly tagName: string;
  readonly firstToken: string | undefined;
  readonly #pattern: readonly string[];
  readonly #valueAt: number;

  /** `pattern` holds exactly one `$`, and no `**` before it. */
  constructor(tagName: string, pattern: string) {
    this.tagName = tagName;
    this.#pattern = pattern.split(".");
    this.#valueAt = this.#pattern.indexOf("$");
    const first = this.#pattern[0]!;
    this.firstToken = first === "$" || first === "*" ? undefined : first;
  }

  find(_name: string, tokens: readonly string[]): TagMatch | undefined {
    if (tokens.length <= this.#valueAt || !this.#matches(tokens, 0, 0)) return undefined;
    let from = 0;
    for (let i = 0; i < this.#valueAt; i++) from += tokens[i]!.length + 1;
    const value = tokens[this.#valueAt]!;
    const to = from + value.length;
    if (this.#valueAt < tokens.length - 1) return { value, from, to: to + 1 };
    return { value, from: Math.max(0, from - 1), to };
  }

  #matches(tokens: readonly string[], token: number, part: number): boolean {
    if (part === this.#pattern.length) return token === tokens.length;
    const expected = this.#pattern[part]!;
    if (expected === "**") {
      if (part === this.#pattern.length - 1) return true;
      for (let next = token; next < tokens.length; next++) {
        if (this.#matches(tokens, next, part + 1)) return true;
      }
      return false;
    }
    if (token >= tokens.length) return false;
    if (expected !== "*" && expected !== "$" && expected !== tokens[token]) return false;
    return this.#matches(tokens, token + 1, part + 1);
  }
}
