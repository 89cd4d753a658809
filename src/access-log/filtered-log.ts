import type { FormatContext } from "../http/format/format-context.ts";
import type { AccessLog } from "./access-log.ts";
import type { AccessLogData } from "./access-log-data.ts";
import { type AccessLogFilter, type AccessLogFilterEnvironment, createAccessLogFilter } from "./access-log-filter.ts";

/** An access log behind a filter. */
export class FilteredLog implements AccessLog {
  readonly #log: AccessLog;
  readonly #filter: AccessLogFilter;

  constructor(log: AccessLog, filter: AccessLogFilter) {
    this.#log = log;
    this.#filter = filter;
  }

  log(context: FormatContext): void {
    if (this.#filter(context)) this.#log.log(context);
  }

  release(): void {
    this.#log.release();
  }
}

/**
 * Makes the access logs of a connection manager or listener. `createLogger` makes what stands behind the filter. If
 * one can't be made, those before it are released and the error is thrown on.
 */
export function createAccessLogs(
  data: readonly AccessLogData[],
  createLogger: (logger: AccessLogData["logger"]) => AccessLog,
  environment: AccessLogFilterEnvironment,
): AccessLog[] {
  const logs: AccessLog[] = [];
  try {
    for (const { logger, filter } of data) {
      const created = createAccessLogFilter(filter, environment);
      const log = createLogger(logger);
      logs.push(created === null ? log : new FilteredLog(log, created));
    }
  } catch (error) {
    for (const log of logs) log.release();
    throw error;
  }
  return logs;
}
