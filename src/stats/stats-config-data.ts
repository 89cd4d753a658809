/** `stats_config` and the settings beside it as plain data: what the configuration compiles to and workers receive. */
export interface StatsConfigData {
  readonly matcher: StatsMatcherData;
  /** Tags of the operator's own, applied in order. */
  readonly tags: readonly StatsTagData[];
  /** Whether Envoy's default tags are extracted too. Default true. */
  readonly useAllDefaultTags: boolean;
  /** The first whose pattern matches a histogram's name decides its buckets. */
  readonly histogramBuckets: readonly HistogramBucketsData[];
  /** `stats_flush_interval`. Default 5000. */
  readonly flushIntervalMs: number;
  /** `stats_flush_on_admin`: the interval ends when somebody asks for the stats, and else never. Default false. */
  readonly flushOnAdmin: boolean;
}

/** Which stats exist: all, none, only those that match, or those that don't. */
export type StatsMatcherData =
  | { readonly type: "acceptAll" }
  | { readonly type: "rejectAll" }
  | { readonly type: "inclusion"; readonly patterns: readonly NamePattern[] }
  | { readonly type: "exclusion"; readonly patterns: readonly NamePattern[] };

/** Envoy's StringMatcher over stat names. A regex is RE2 and must match the whole name. */
export interface NamePattern {
  readonly type: "exact" | "prefix" | "suffix" | "contains" | "regex";
  readonly value: string;
  /** Not for regexes. */
  readonly ignoreCase: boolean;
}

/**
 * A tag (`stats_tags`): with `regex`, whose first group is cut out of the name and whose second (or else first) group
 * is the tag's value; with `fixedValue`, on every stat; with neither, one of Envoy's default tags by its name.
 */
export interface StatsTagData {
  readonly name: string;
  readonly regex?: string;
  readonly fixedValue?: string;
}

/** The buckets of the histograms whose names match, in the Prometheus exposition and the bucket views. */
export interface HistogramBucketsData {
  readonly match: NamePattern;
  /** Upper bounds, in any order. */
  readonly buckets: readonly number[];
}

/** What holds when the configuration says nothing about stats. */
export const defaultStatsConfig: StatsConfigData = {
  matcher: { type: "acceptAll" },
  tags: [],
  useAllDefaultTags: true,
  histogramBuckets: [],
  flushIntervalMs: 5000,
  flushOnAdmin: false,
};
