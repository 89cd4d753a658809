/** The middle and the slow end of some durations, in milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

const NONE: Percentiles = { p50: 0, p99: 0 };

/** Percentiles by nearest rank; zeros of nothing. For short lists: it sorts a copy. */
export function percentilesOf(durationsMs: readonly number[]): Percentiles {
  if (durationsMs.length === 0) return NONE;
  const sorted = [...durationsMs].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
