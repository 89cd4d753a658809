import type { HistogramDistribution } from "./histogram-distribution.ts";
import type { GaugeMergeMode, HistogramUnit } from "./scope.ts";

/** What all stats have in common once those of all threads are put together. Main thread; read only for others. */
export interface MergedBase {
  readonly name: string;
  /** Whether anything was ever counted, set or recorded (`usedonly`). */
  readonly used: boolean;
}

/** A counter of the whole process. */
export interface MergedCounter extends MergedBase {
  readonly type: "counter";
  readonly value: number;
}

/** A gauge of the whole process. */
export interface MergedGauge extends MergedBase {
  readonly type: "gauge";
  readonly merge: GaugeMergeMode;
  readonly value: number;
}

/** A histogram of the whole process. */
export interface MergedHistogram extends MergedBase {
  readonly type: "histogram";
  readonly unit: HistogramUnit;
  /** The values of the last complete flush interval. */
  readonly interval: HistogramDistribution;
  /** All values so far. */
  readonly cumulative: HistogramDistribution;
}

/** A text readout of the whole process. */
export interface MergedTextReadout extends MergedBase {
  readonly type: "textReadout";
  readonly text: string;
}

/** A stat of the whole process. */
export type MergedStat = MergedCounter | MergedGauge | MergedHistogram | MergedTextReadout;

/** Read access to all stats of the process. */
export interface StatsSnapshot {
  /** Each in order of names. The arrays must not be changed; a later call may give other arrays. */
  counters(): readonly MergedCounter[];
  gauges(): readonly MergedGauge[];
  histograms(): readonly MergedHistogram[];
  textReadouts(): readonly MergedTextReadout[];
}
