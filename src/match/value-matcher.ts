import { createStringMatcher, type StringMatcherData } from "./string-matcher.ts";
import { wireText } from "./wire-text.ts";

/** Envoy's `ValueMatcher` as plain data: what is asked of a JSON value. */
export type ValueMatcherData =
  | { readonly type: "null" }
  | { readonly type: "number"; readonly value: number }
  /** A number in [start, end). */
  | { readonly type: "range"; readonly start: number; readonly end: number }
  | { readonly type: "string"; readonly matcher: StringMatcherData }
  | { readonly type: "boolean"; readonly value: boolean }
  /** `present` false matches nothing that is there, nor what is missing: as in Envoy. */
  | { readonly type: "present"; readonly present: boolean }
  /** A list with an element that matches. */
  | { readonly type: "list"; readonly element: ValueMatcherData }
  | { readonly type: "or"; readonly matchers: readonly ValueMatcherData[] };

/** Says yes or no to a JSON value; undefined is one that is not there. Immutable. */
export type ValueMatcher = (value: unknown) => boolean;

/** Makes the matcher. `data` is checked already: throws on a bad regex. */
export function createValueMatcher(data: ValueMatcherData): ValueMatcher {
  switch (data.type) {
    case "null":
      return (value) => value === null;
    case "number":
    case "boolean":
      return (value) => value === data.value;
    case "range":
      return (value) => typeof value === "number" && value >= data.start && value < data.end;
    case "string": {
      const matcher = createStringMatcher(data.matcher);
      return (value) => typeof value === "string" && matcher.matches(wireText(value));
    }
    case "present":
      return (value) => data.present && value !== undefined;
    case "list": {
      const element = createValueMatcher(data.element);
      return (value) => Array.isArray(value) && value.some(element);
    }
    case "or": {
      const matchers = data.matchers.map(createValueMatcher);
      return (value) => matchers.some((matcher) => matcher(value));
    }
  }
}
