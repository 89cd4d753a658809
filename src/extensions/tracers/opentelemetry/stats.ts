import type { Counter, StatsScope } from "../../../stats/scope.ts";
import { createReporterStats, type SpanReporterStats } from "../../../tracing/span-reporter.ts";

/** Envoy's `tracing.opentelemetry.*`, and two of Troupe's own for reports by gRPC. */
export class OpenTelemetryStats {
  readonly reporter: SpanReporterStats;
  readonly httpReportsSent: Counter;
  readonly httpReportsSuccess: Counter;
  readonly httpReportsFailed: Counter;
  readonly grpcReportsSuccess: Counter;
  readonly grpcReportsFailed: Counter;
  readonly #scope: StatsScope;

  constructor(root: StatsScope) {
    const scope = root.scope("tracing.opentelemetry");
    this.#scope = scope;
    this.reporter = createReporterStats(scope);
    this.httpReportsSent = scope.counter("http_reports_sent");
    this.httpReportsSuccess = scope.counter("http_reports_success");
    this.httpReportsFailed = scope.counter("http_reports_failed");
    this.grpcReportsSuccess = scope.counter("grpc_reports_success");
    this.grpcReportsFailed = scope.counter("grpc_reports_failed");
  }

  release(): void {
    this.#scope.release();
  }
}
