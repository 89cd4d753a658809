import { Regex } from "./regex.ts";
import { asciiLowerCase } from "./string-matcher.ts";
import { wireText } from "./wire-text.ts";

/** How a route matches the path, as plain data. `ignoreCase` (ASCII only) has no effect on `regex`. */
export interface PathMatcherData {
  /** `separatedPrefix` matches whole segments: `/api` matches `/api` and `/api/v1`, not `/apis`. */
  readonly type: "exact" | "prefix" | "separatedPrefix" | "regex";
  readonly value: string;
  readonly ignoreCase: boolean;
  /** Names of the groups, in order, of a `regex` that was a template. */
  readonly variables?: readonly string[];
}

/** Says yes or no to a path. Immutable. */
export interface PathMatcher {
  /** `path` has neither query nor fragment: see `pathWithoutQuery`. */
  matches(path: string): boolean;
}

/** Makes the matcher. `data` is checked already: throws on a bad regex. */
export function createPathMatcher(data: PathMatcherData): PathMatcher {
  if (data.type === "regex") return new Regex(data.value);
  const value = data.ignoreCase ? asciiLowerCase(wireText(data.value)) : wireText(data.value);
  const matcher = PLAIN[data.type](value);
  return data.ignoreCase ? { matches: (path) => matcher.matches(asciiLowerCase(path)) } : matcher;
}

const PLAIN: Record<Exclude<PathMatcherData["type"], "regex">, (expected: string) => PathMatcher> = {
  exact: (expected) => ({ matches: (path) => path === expected }),
  prefix: (expected) => ({ matches: (path) => path.startsWith(expected) }),
  separatedPrefix: (expected) => ({
    matches: (path) =>
      path.startsWith(expected) && (path.length === expected.length || path.charCodeAt(expected.length) === 0x2f),
  }),
};

/** The part of a request target before its query or fragment. */
export function pathWithoutQuery(path: string): string {
  let end = path.indexOf("?");
  const hash = path.indexOf("#");
  if (hash !== -1 && (end === -1 || hash < end)) end = hash;
  return end === -1 ? path : path.slice(0, end);
}
