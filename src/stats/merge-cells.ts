import { HistogramDistribution } from "./histogram-distribution.ts";
import type { MergedCounter, MergedGauge, MergedHistogram, MergedTextReadout } from "./merged-stat.ts";
import type { GaugeMergeMode, HistogramUnit } from "./scope.ts";

/** Who reports: the number of a thread in a `StatsMerge`. */
export type StatsSource = number;

/** A counter over all threads; what a thread has counted stays when the thread is gone. */
export class CounterCell implements MergedCounter {
  readonly type = "counter";
  readonly name: string;
  holders = 0;
  used = false;
  value = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(increase: number): void {
    this.value += increase;
    this.used = true;
  }

  /** A counter has nothing that ends with a thread. */
  drop(_source: StatsSource): void {}
}

/** A gauge over all threads; a thread's share ends with it. */
export class GaugeCell implements MergedGauge {
  readonly type = "gauge";
  readonly name: string;
  readonly merge: GaugeMergeMode;
  holders = 0;
  used = false;
  value = 0;
  /** What each thread reported last; the most recent report stands last. */
  readonly #shares = new Map<StatsSource, number>();

  constructor(name: string, merge: GaugeMergeMode) {
    this.name = name;
    this.merge = merge;
  }

  set(source: StatsSource, value: number): void {
    this.used = true;
    if (this.merge === "last") this.#shares.delete(source);
    this.#shares.set(source, value);
    this.#combine();
  }

  /** Takes a value that was looked up, not reported: counts only if it is news. */
  catchUp(source: StatsSource, value: number): void {
    if (value !== (this.#shares.get(source) ?? 0)) this.set(source, value);
  }

  drop(source: StatsSource): void {
    if (this.#shares.delete(source)) this.#combine();
  }

  #combine(): void {
    let combined = 0;
    let first = true;
    for (const share of this.#shares.values()) {
      if (this.merge === "accumulate") combined += share;
      else if (this.merge === "last" || first || share > combined) combined = share;
      first = false;
    }
    this.value = combined;
  }
}

/** A histogram over all threads. */
export class HistogramCell implements MergedHistogram {
  readonly type = "histogram";
  readonly name: string;
  readonly unit: HistogramUnit;
  holders = 0;
  used = false;
  interval = new HistogramDistribution();
  readonly cumulative = new HistogramDistribution();
  #next = new HistogramDistribution();

  constructor(name: string, unit: HistogramUnit) {
    this.name = name;
    this.unit = unit;
  }

  addBucket(bucket: number, count: number): void {
    this.used = true;
    this.cumulative.addBucket(bucket, count);
    this.#next.addBucket(bucket, count);
  }

  addSum(sum: number): void {
    this.cumulative.addSum(sum);
    this.#next.addSum(sum);
  }

  /** Ends the interval. Returns whether the next one must be ended too. */
  turn(): boolean {
    if (this.interval.count === 0 && this.#next.count === 0) return false;
    const last = this.interval;
    this.interval = this.#next;
    last.clear();
    this.#next = last;
    return true;
  }

  drop(_source: StatsSource): void {}
}

/** A text readout over all threads: the most recent text is shown. */
export class TextCell implements MergedTextReadout {
  readonly type = "textReadout";
  readonly name: string;
  holders = 0;
  used = false;
  text = "";

  constructor(name: string) {
    this.name = name;
  }

  set(text: string): void {
    this.text = text;
    this.used = true;
  }

  drop(_source: StatsSource): void {}
}

/** The process-wide cell of one name. */
export type MergeCell = CounterCell | GaugeCell | HistogramCell | TextCell;
