import { HistogramDistribution } from "../../stats/histogram-distribution.ts";
import type { MergedHistogram } from "../../stats/merged-stat.ts";
import type { LiveLatency } from "./live-sample.ts";

/** Latencies of the time between two looks at histograms that only ever grow. */
export class LatencyWindow {
  #before: HistogramDistribution | undefined;

  /** The values that have come since the last call; null at the first one, or if none has come. */
  next(histograms: readonly MergedHistogram[]): LiveLatency | null {
    const now = new HistogramDistribution();
    for (const { cumulative } of histograms) now.addAll(cumulative);
    const since = this.#before === undefined ? undefined : now.since(this.#before);
    this.#before = now;
    if (since === undefined || since.count === 0) return null;
    const [p50, p90, p99, max] = since.quantiles([0.5, 0.9, 0.99, 1]);
    return { count: since.count, p50_ms: p50!, p90_ms: p90!, p99_ms: p99!, max_ms: max! };
  }

  /** Forgets what was seen: the next call is a first one again. */
  reset(): void {
    this.#before = undefined;
  }
}
