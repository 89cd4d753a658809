/**
 * What changed in one thread's stats since the last flush: plain data, fit for structured clone and msgpackr. Must be
 * applied once and in order: `added` first, then the values, then `removed`. The numbers that stand for stats are the
 * thread's own; one that was removed may come back with another meaning in a later delta.
 */
export interface StatsDelta {
  /** New stats, as three columns: number, kind (`kindOfCode`) and full name. */
  readonly addedIds: readonly number[];
  readonly addedKinds: readonly number[];
  readonly addedNames: readonly string[];
  /** Pairs of number and what the thread has counted in all, so that nothing is ever counted twice. */
  readonly counters: readonly number[];
  /** Pairs of number and present value. */
  readonly gauges: readonly number[];
  /** For each histogram: number, sum of the new values, how many buckets follow, then pairs of bucket and count. */
  readonly histograms: readonly number[];
  /** The text readouts that changed, as two columns. */
  readonly textIds: readonly number[];
  readonly texts: readonly string[];
  /** Stats that the thread no longer has. */
  readonly removed: readonly number[];
}

/** Whether a delta says nothing and need not be sent. */
export function isEmptyDelta(delta: StatsDelta): boolean {
  return (
    delta.addedIds.length === 0 &&
    delta.counters.length === 0 &&
    delta.gauges.length === 0 &&
    delta.histograms.length === 0 &&
    delta.textIds.length === 0 &&
    delta.removed.length === 0
  );
}
