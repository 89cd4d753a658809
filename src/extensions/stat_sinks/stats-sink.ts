import type { StatsSnapshot } from "../../stats/merged-stat.ts";

/** Sends stats to somebody else. Main thread. Never throws, never blocks. */
export interface StatsSink {
  /** Sends what stands in `stats`. Called once per flush interval, when that interval's histograms are complete. */
  flush(stats: StatsSnapshot): void;
  close(): void;
}
