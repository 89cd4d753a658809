import type { HistogramBucketsData } from "./stats-config-data.ts";
import { buildNamePattern } from "./stats-matcher.ts";

/** Envoy's upper bounds for histograms that the configuration doesn't mention. */
const DEFAULT_HISTOGRAM_BUCKETS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000,
];

/** Finds the upper bounds (ascending) for a histogram by its full name. */
export class HistogramBuckets {
  readonly #rules: readonly { matches: (name: string) => boolean; bounds: readonly number[] }[];

  /** Throws if a regex is not valid RE2. */
  constructor(settings: readonly HistogramBucketsData[]) {
    this.#rules = settings.map(({ match, buckets }) => ({
      matches: buildNamePattern(match),
      bounds: [...buckets].sort((a, b) => a - b),
    }));
  }

  boundsFor(name: string): readonly number[] {
    return this.#rules.find((rule) => rule.matches(name))?.bounds ?? DEFAULT_HISTOGRAM_BUCKETS;
  }
}
