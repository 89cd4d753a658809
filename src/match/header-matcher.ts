import { createStringMatcher, type StringMatcher, type StringMatcherData } from "./string-matcher.ts";

/** Envoy's `HeaderMatcher` as plain data; its deprecated forms are `string` with the matching type. */
export interface HeaderMatcherData {
  /** Lower case; may be a pseudo-header (`:method`). */
  readonly name: string;
  readonly match: HeaderMatchData;
  /** Turns the result round. A missing header stays no match, except for `present`. */
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

/** What is asked of the header. */
export type HeaderMatchData =
  | { readonly type: "present"; readonly present: boolean }
  | { readonly type: "string"; readonly matcher: StringMatcherData }
  /** The value is a decimal integer in [start, end). Beyond 2^53 the comparison is approximate. */
  | { readonly type: "range"; readonly start: number; readonly end: number };

/** What a header matcher looks into; request, response and trailer maps are. */
export interface HeaderLookup {
  /** The value of `name` (lower case), joined by `,` if it is repeated; undefined if there is none. */
  lookup(name: string): string | undefined;
}

const DECIMAL_INTEGER = /^\s*[+-]?\d{1,19}\s*$/;

/** Says yes or no to one header of a map. Immutable. */
export class HeaderMatcher {
  readonly name: string;
  readonly #invert: boolean;
  readonly #treatMissingAsEmpty: boolean;
  readonly #present: boolean | undefined;
  readonly #value: StringMatcher | undefined;
  readonly #start: number = 0;
  readonly #end: number = 0;

  /** `data` is checked already: throws on a bad regex. */
  constructor(data: HeaderMatcherData) {
    this.name = data.name;
    this.#invert = data.invert;
    this.#treatMissingAsEmpty = data.treatMissingAsEmpty;
    if (data.match.type === "present") {
      this.#present = data.match.present;
    } else if (data.match.type === "string") {
      this.#value = createStringMatcher(data.match.matcher);
    } else {
      this.#start = data.match.start;
      this.#end = data.match.end;
    }
  }

  matches(headers: HeaderLookup): boolean {
    let value = headers.lookup(this.name);
    if (value === undefined && this.#treatMissingAsEmpty) value = "";
    if (this.#present !== undefined) return ((value !== undefined) === this.#present) !== this.#invert;
    if (value === undefined) return false;
    return this.#matchesValue(value) !== this.#invert;
  }

  #matchesValue(value: string): boolean {
    if (this.#value !== undefined) return this.#value.matches(value);
    if (!DECIMAL_INTEGER.test(value)) return false;
    const number = Number(value);
    return number >= this.#start && number < this.#end;
  }
}

/** Whether all matchers say yes; none at all is yes. */
export function matchesAllHeaders(matchers: readonly HeaderMatcher[], headers: HeaderLookup): boolean {
  for (const matcher of matchers) if (!matcher.matches(headers)) return false;
  return true;
}
