/** What the hosts of a cluster say together of their successes; -1 = too few hosts or requests to say. In percent. */
export interface RateThreshold {
  readonly average: number;
  /** A host below this is found out. */
  readonly threshold: number;
}

/** Nothing can be said. */
export const NO_THRESHOLD: RateThreshold = { average: -1, threshold: -1 };

/** The average less `stdevFactor` thousandths of the standard deviation. `rates` is not empty. */
export function rateThreshold(rates: readonly number[], stdevFactor: number): RateThreshold {
  const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - average) ** 2, 0) / rates.length;
  return { average, threshold: average - (stdevFactor / 1000) * Math.sqrt(variance) };
}
