import type { Counter, Gauge, StatsScope } from "../stats/scope.ts";

/** Envoy's `filesystem.*` stats, and one of Troupe's own (`write_dropped`). Shared by all log files of a worker. */
export interface AccessLogStats {
  /** Lines put into a buffer. */
  readonly writeBuffered: Counter;
  /** Writes that went out. */
  readonly writeCompleted: Counter;
  /** Writes that failed; what they held is lost. */
  readonly writeFailed: Counter;
  /** Lines lost because the buffer was full. */
  readonly writeDropped: Counter;
  /** Times the flush interval passed with something in the buffer. */
  readonly flushedByTimer: Counter;
  readonly reopenFailed: Counter;
  /** Bytes in the buffers now. */
  readonly writeTotalBuffered: Gauge;
}

/** Resolves the handles below `root`. */
export function createAccessLogStats(root: StatsScope): AccessLogStats {
  const scope = root.scope("filesystem");
  return {
    writeBuffered: scope.counter("write_buffered"),
    writeCompleted: scope.counter("write_completed"),
    writeFailed: scope.counter("write_failed"),
    writeDropped: scope.counter("write_dropped"),
    flushedByTimer: scope.counter("flushed_by_timer"),
    reopenFailed: scope.counter("reopen_failed"),
    writeTotalBuffered: scope.gauge("write_total_buffered"),
  };
}
