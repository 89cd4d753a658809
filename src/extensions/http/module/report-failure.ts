import type { Logger } from "../../../base/log.ts";
import type { Counter } from "../../../stats/scope.ts";
import { messageOf } from "./loaded-module.ts";

/** Where a module's failures are counted and logged. */
export interface FailureReport {
  readonly errors: Counter;
  readonly log: Logger;
  readonly file: string;
}

/** Counts what a module threw and logs it, with its stack if it has one. Throws nothing, whatever it was. */
export function reportFailure(report: FailureReport, error: unknown, message: string): void {
  report.errors.inc();
  report.log.error({ module: report.file, error: messageOf(error), stack: stackOf(error) }, message);
}

function stackOf(error: unknown): string | undefined {
  try {
    return error instanceof Error ? String(error.stack) : undefined;
  } catch {
    return undefined;
  }
}
