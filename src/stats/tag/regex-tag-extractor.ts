import { RE2JS } from "re2js";
import type { TagExtractor, TagMatch } from "./stat-tag.ts";

/**
 * Finds a tag by a regex of the operator's (RE2, may match anywhere): the first group is cut out of the name, the
 * second one, or else the first, is the value.
 */
export class RegexTagExtractor implements TagExtractor {
  readonly tagName: string;
  readonly firstToken: string | undefined;
  readonly #regex: RE2JS;

  /** Throws if the regex is not valid RE2 or has no group. */
  constructor(tagName: string, regex: string) {
    this.tagName = tagName;
    this.firstToken = /^\^([A-Za-z0-9_]+)\\\./.exec(regex)?.[1];
    this.#regex = RE2JS.compile(regex);
    if (this.#regex.groupCount() < 1) throw new Error(`the regex of stats tag "${tagName}" has no group to extract`);
  }

  find(name: string): TagMatch | undefined {
    const matcher = this.#regex.matcher(name);
    if (!matcher.find()) return undefined;
    const from = matcher.start(1);
    if (from < 0) return undefined;
    const second = this.#regex.groupCount() >= 2 ? matcher.group(2) : null;
    return { value: second || (matcher.group(1) ?? ""), from, to: matcher.end(1) };
  }
}
