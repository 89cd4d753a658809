import { FormattedLog } from "../../../access-log/formatted-log.ts";
import type { AccessLoggerModule } from "../../extension-module.ts";
import type { StderrLogData } from "./config.ts";

/** `envoy.access_loggers.stderr`, worker side: lines to the process's own descriptor, not by way of the main thread. */
export const accessLogger: AccessLoggerModule = {
  createLogger: (data, worker) =>
    new FormattedLog("/dev/stderr", data as StderrLogData, worker.accessLogFiles, worker.format),
};
