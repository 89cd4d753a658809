import { lowerBoundOf, upperBoundOf, widthOf } from "./log-linear-bucket.ts";

/** The quantiles that are shown for each histogram, as Envoy does. */
export const SHOWN_QUANTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1] as const;

/** One bucket that holds values, as the detailed views show it. */
export interface DetailedBucket {
  readonly lowerBound: number;
  readonly width: number;
  readonly count: number;
}

/** Values counted by log-linear bucket. Adding two distributions is exact. */
export class HistogramDistribution {
  readonly #counts = new Map<number, number>();
  #sorted: number[] | undefined = [];
  #count = 0;
  #sum = 0;

  /** How many values there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * The sum of the values.
   *
   * Differs from Envoy: exact, where Envoy estimates it from the middles of the buckets.
   */
  get sum(): number {
    return this.#sum;
  }

  /** Counts `count` more values in a bucket. Their sum is added by `addSum`. */
  addBucket(bucket: number, count: number): void {
    const before = this.#counts.get(bucket);
    if (before === undefined) this.#sorted = undefined;
    this.#counts.set(bucket, (before ?? 0) + count);
    this.#count += count;
  }

  addSum(sum: number): void {
    this.#sum += sum;
  }

  /** Counts all values of another distribution too. */
  addAll(other: HistogramDistribution): void {
    for (const [bucket, count] of other.#counts) this.addBucket(bucket, count);
    this.#sum += other.#sum;
  }

  /** The values that this distribution has and an earlier state of it has not. */
  since(earlier: HistogramDistribution): HistogramDistribution {
    const difference = new HistogramDistribution();
    for (const [bucket, count] of this.#counts) {
      const more = count - (earlier.#counts.get(bucket) ?? 0);
      if (more > 0) difference.addBucket(bucket, more);
    }
    difference.addSum(Math.max(this.#sum - earlier.#sum, 0));
    return difference;
  }

  clear(): void {
    this.#counts.clear();
    this.#sorted = [];
    this.#count = 0;
    this.#sum = 0;
  }

  /**
   * The value at each of the quantiles (ascending, 0–1), on a straight line within its bucket; NaN if there is no value.
   * The same arithmetic as circllhist.
   */
  quantiles(wanted: readonly number[]): number[] {
    const buckets = this.#buckets();
    if (this.#count === 0) return wanted.map(() => Number.NaN);
    let at = 0;
    let below = 0;
    let upTo = this.#counts.get(buckets[0]!)!;
    return wanted.map((quantile) => {
      const rank = this.#count * quantile;
      while (at < buckets.length - 1 && upTo < rank) {
        at++;
        below = upTo;
        upTo += this.#counts.get(buckets[at]!)!;
      }
      const bucket = buckets[at]!;
      if (rank === below) return lowerBoundOf(bucket);
      if (rank === upTo) return upperBoundOf(bucket);
      return lowerBoundOf(bucket) + ((rank - below) / (upTo - below)) * widthOf(bucket);
    });
  }

  /** How many values lie in buckets that end at or below each of the bounds (ascending). */
  countsBelow(bounds: readonly number[]): number[] {
    const buckets = this.#buckets();
    let at = 0;
    let running = 0;
    return bounds.map((bound) => {
      while (at < buckets.length && upperBoundOf(buckets[at]!) <= bound) {
        running += this.#counts.get(buckets[at]!)!;
        at++;
      }
      return running;
    });
  }

  /** The buckets that hold values, smallest first. */
  details(): DetailedBucket[] {
    return this.#buckets().map((bucket) => ({
      lowerBound: lowerBoundOf(bucket),
      width: widthOf(bucket),
      count: this.#counts.get(bucket)!,
    }));
  }

  #buckets(): readonly number[] {
    this.#sorted ??= [...this.#counts.keys()].sort((a, b) => a - b);
    return this.#sorted;
  }
}
