import { RE2JS } from "re2js";
import type { NamePattern, StatsMatcherData } from "./stats-config-data.ts";

/** Decides which stats exist at all (`stats_config.stats_matcher`). */
export interface StatsMatcher {
  accepts(name: string): boolean;
}

/** Lets every stat exist. */
export const everyStat: StatsMatcher = { accepts: () => true };

/** Builds the matcher that the configuration describes. Throws if a regex is not valid RE2. */
export function buildStatsMatcher(data: StatsMatcherData): StatsMatcher {
  switch (data.type) {
    case "acceptAll":
      return everyStat;
    case "rejectAll":
      return { accepts: () => false };
    case "inclusion": {
      const patterns = data.patterns.map(buildNamePattern);
      return { accepts: (name) => patterns.some((matches) => matches(name)) };
    }
    case "exclusion": {
      const patterns = data.patterns.map(buildNamePattern);
      return { accepts: (name) => !patterns.some((matches) => matches(name)) };
    }
  }
}

/** A test of stat names from its description (Envoy's StringMatcher). Throws if a regex is not valid RE2. */
export function buildNamePattern(pattern: NamePattern): (name: string) => boolean {
  const { value } = pattern;
  if (pattern.type === "regex") {
    // Envoy's safe_regex must match the whole string.
    const regex = RE2JS.compile(value);
    return (name) => regex.matches(name);
  }
  const wanted = pattern.ignoreCase ? value.toLowerCase() : value;
  const fold = pattern.ignoreCase ? (name: string) => name.toLowerCase() : (name: string) => name;
  switch (pattern.type) {
    case "exact":
      return (name) => fold(name) === wanted;
    case "prefix":
      return (name) => fold(name).startsWith(wanted);
    case "suffix":
      return (name) => fold(name).endsWith(wanted);
    case "contains":
      return (name) => fold(name).includes(wanted);
  }
}
