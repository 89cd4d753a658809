import type { GaugeMergeMode, HistogramUnit } from "./scope.ts";

/** The four types of stat, by the names that the admin's `type` parameter uses in the singular. */
export type StatType = "counter" | "gauge" | "histogram" | "textReadout";

/** What kind of stat a name stands for, with what merging it needs to know. */
export type StatKind =
  | { readonly type: "counter" }
  | { readonly type: "gauge"; readonly merge: GaugeMergeMode }
  | { readonly type: "histogram"; readonly unit: HistogramUnit }
  | { readonly type: "textReadout" };

/** Every kind there is. The position in this table is the kind's number in messages between threads. */
const KINDS: readonly StatKind[] = [
  { type: "counter" },
  { type: "gauge", merge: "accumulate" },
  { type: "gauge", merge: "max" },
  { type: "gauge", merge: "last" },
  { type: "histogram", unit: "ms" },
  { type: "histogram", unit: "us" },
  { type: "histogram", unit: "bytes" },
  { type: "histogram", unit: "percent" },
  { type: "histogram", unit: "unspecified" },
  { type: "textReadout" },
];

/** The number of counters in messages between threads. */
export const COUNTER_CODE = 0;
/** The number of text readouts. */
export const TEXT_READOUT_CODE = 9;

const GAUGE_CODES: Record<GaugeMergeMode, number> = { accumulate: 1, max: 2, last: 3 };
const HISTOGRAM_CODES: Record<HistogramUnit, number> = { ms: 4, us: 5, bytes: 6, percent: 7, unspecified: 8 };

/** The number of gauges that merge in this way. */
export function gaugeCode(merge: GaugeMergeMode): number {
  return GAUGE_CODES[merge];
}

/** The number of histograms of this unit. */
export function histogramCode(unit: HistogramUnit): number {
  return HISTOGRAM_CODES[unit];
}

/** The kind with that number, or undefined if there is none. */
export function kindOfCode(code: number): StatKind | undefined {
  return KINDS[code];
}
