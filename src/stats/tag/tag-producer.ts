import type { StatsTagData } from "../stats-config-data.ts";
import { DEFAULT_TAG_EXTRACTORS } from "./default-tag-extractors.ts";
import { RegexTagExtractor } from "./regex-tag-extractor.ts";
import type { StatTag, TagExtractor, TaggedName, TagMatch } from "./stat-tag.ts";

/** Takes stat names apart into a name without tags and the tags. Results are remembered as long as their stat exists. */
export class TagProducer {
  readonly #fixedTags: readonly StatTag[];
  /** Rules that any name may match, tried first. */
  readonly #general: readonly TagExtractor[];
  readonly #byFirstToken = new Map<string, TagExtractor[]>();
  readonly #remembered = new WeakMap<object, TaggedName>();

  /**
   * Throws if a tag's regex is not valid RE2, or a tag has neither regex nor fixed value and is none of Envoy's
   * defaults.
   */
  constructor(tags: readonly StatsTagData[], useAllDefaultTags: boolean) {
    this.#fixedTags = tags.flatMap(({ name, fixedValue }) =>
      fixedValue === undefined ? [] : [{ name, value: fixedValue }],
    );
    const extractors = [...(useAllDefaultTags ? DEFAULT_TAG_EXTRACTORS : []), ...tags.flatMap(extractorsOf)];
    this.#general = extractors.filter(({ firstToken }) => firstToken === undefined);
    for (const extractor of extractors) {
      if (extractor.firstToken === undefined) continue;
      const same = this.#byFirstToken.get(extractor.firstToken);
      if (same === undefined) this.#byFirstToken.set(extractor.firstToken, [extractor]);
      else same.push(extractor);
    }
  }

  /** The tags of a stat's name, worked out once for each stat. */
  tagsOf(stat: { readonly name: string }): TaggedName {
    let tagged = this.#remembered.get(stat);
    if (tagged === undefined) {
      tagged = this.extract(stat.name);
      this.#remembered.set(stat, tagged);
    }
    return tagged;
  }

  /** The name without its tags, and the tags: fixed ones first, at most one per tag name. */
  extract(name: string): TaggedName {
    const tokens = name.split(".");
    const tags = [...this.#fixedTags];
    const cuts: TagMatch[] = [];
    const apply = (extractor: TagExtractor): void => {
      if (tags.some((tag) => tag.name === extractor.tagName)) return;
      const match = extractor.find(name, tokens);
      if (match === undefined) return;
      tags.push({ name: extractor.tagName, value: match.value });
      cuts.push(match);
    };
    for (const extractor of this.#general) apply(extractor);
    for (const extractor of this.#byFirstToken.get(tokens[0]!) ?? []) apply(extractor);
    return { extractedName: cut(name, cuts), tags };
  }
}

function extractorsOf({ name, regex, fixedValue }: StatsTagData): readonly TagExtractor[] {
  if (fixedValue !== undefined) return [];
  if (regex !== undefined && regex !== "") return [new RegexTagExtractor(name, regex)];
  const defaults = DEFAULT_TAG_EXTRACTORS.filter((extractor) => extractor.tagName === name);
  if (defaults.length === 0) throw new Error(`stats tag "${name}" has no regex and is not one of the default tags`);
  return defaults;
}

/** The name without the stretches; they may overlap. */
function cut(name: string, stretches: TagMatch[]): string {
  if (stretches.length === 0) return name;
  stretches.sort((a, b) => a.from - b.from);
  let kept = "";
  let at = 0;
  for (const { from, to } of stretches) {
    if (from > at) kept += name.slice(at, from);
    if (to > at) at = to;
  }
  return kept + name.slice(at);
}
