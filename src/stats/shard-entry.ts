import type { Counter, Gauge, GaugeMergeMode, Histogram, HistogramUnit, TextReadout } from "./scope.ts";
import type { StatType } from "./stat-kind.ts";

/** A stat of one thread: its handle, and how many scopes hold it. */
export interface ShardEntry<H> {
  readonly id: number;
  readonly type: StatType;
  readonly name: string;
  readonly handle: H & { detach(): void };
  holders: number;
}

/**
 * Where a scope gets its entries from, by full name. Undefined if the configuration rejects the name. A new entry has
 * no holders yet.
 */
export interface ShardEntries {
  counter(name: string): ShardEntry<Counter> | undefined;
  gauge(name: string, merge: GaugeMergeMode): ShardEntry<Gauge> | undefined;
  histogram(name: string, unit: HistogramUnit): ShardEntry<Histogram> | undefined;
  textReadout(name: string): ShardEntry<TextReadout> | undefined;
  /** Called when the last scope has let go of an entry. */
  remove(entry: ShardEntry<unknown>): void;
}
