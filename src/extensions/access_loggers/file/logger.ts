import { FormattedLog } from "../../../access-log/formatted-log.ts";
import type { AccessLoggerModule } from "../../extension-module.ts";
import type { FileLogData } from "./config.ts";

/** `envoy.access_loggers.file`, worker side: lines appended to a file that all workers share. */
export const accessLogger: AccessLoggerModule = {
  createLogger: (data, worker) => {
    const { path, format } = data as FileLogData;
    return new FormattedLog(path, format, worker.accessLogFiles, worker.format);
  },
};
