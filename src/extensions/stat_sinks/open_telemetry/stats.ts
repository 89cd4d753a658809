import type { Counter, StatsScope } from "../../../stats/scope.ts";

/** What becomes of exports; Troupe's own counters. */
export interface OpenTelemetrySinkStats {
  readonly succeeded: Counter;
  readonly failed: Counter;
  /** Intervals for which nothing was sent, because the export before was still under way. */
  readonly skipped: Counter;
}

/** `open_telemetry_sink.*`. */
export function openTelemetrySinkStats(root: StatsScope): OpenTelemetrySinkStats {
  const scope = root.scope("open_telemetry_sink");
  return {
    succeeded: scope.counter("exports_success"),
    failed: scope.counter("exports_failed"),
    skipped: scope.counter("exports_skipped"),
  };
}
