import type { Counter, StatsScope } from "../../../stats/scope.ts";
import { createReporterStats, type SpanReporterStats } from "../../../tracing/span-reporter.ts";

/** Envoy's `tracing.zipkin.*`. */
export class ZipkinStats {
  readonly reporter: SpanReporterStats;
  readonly reportsSent: Counter;
  /** The collector answered with something else than 202. */
  readonly reportsDropped: Counter;
  /** There was no answer. */
  readonly reportsFailed: Counter;
  readonly reportsSkippedNoCluster: Counter;
  readonly #scope: StatsScope;

  constructor(root: StatsScope) {
    const scope = root.scope("tracing.zipkin");
    this.#scope = scope;
    this.reporter = createReporterStats(scope);
    this.reportsSent = scope.counter("reports_sent");
    this.reportsDropped = scope.counter("reports_dropped");
    this.reportsFailed = scope.counter("reports_failed");
    this.reportsSkippedNoCluster = scope.counter("reports_skipped_no_cluster");
  }

  release(): void {
    this.#scope.release();
  }
}
