import type { PathMatcherData } from "../match/path-matcher.ts";
import { pathWithoutQuery } from "../match/path-matcher.ts";
import { RegexRewrite } from "../match/regex-rewrite.ts";
import { wireText } from "../match/wire-text.ts";
import type { PathRewriteData } from "./route-table-data.ts";

/** Rewrites the path of a request; the query stays. Immutable. */
export class PathRewrite {
  readonly #replacement: string;
  readonly #regex: RegexRewrite | undefined;
  /** Characters at the start of the path that the replacement stands for; undefined = up to the query. */
  readonly #matchedLength: number | undefined;

  /** `match` is how the route matched the path; null for `connect_matcher`. */
  constructor(data: PathRewriteData, match: PathMatcherData | null) {
    this.#replacement = data.type === "prefix" ? wireText(data.value) : "";
    this.#regex = data.type === "regex" ? new RegexRewrite(data.rewrite) : undefined;
    const matchedPrefix = match !== null && match.type !== "regex";
    this.#matchedLength = matchedPrefix ? wireText(match.value).length : undefined;
  }

  /** The request target `path` (with query), rewritten. */
  rewrite(path: string): string {
    const bare = pathWithoutQuery(path);
    if (this.#regex !== undefined) return this.#regex.replaceAll(bare) + path.slice(bare.length);
    return this.#replacement + path.slice(this.#matchedLength ?? bare.length);
  }
}

/** Makes the rewrite; null if there is none to make. */
export function createPathRewrite(data: PathRewriteData | null, match: PathMatcherData | null): PathRewrite | null {
  return data === null ? null : new PathRewrite(data, match);
}
