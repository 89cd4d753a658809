import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { compileFormatString, type LogFormatData } from "../../../http/format/config.ts";
import { StdoutAccessLogSchema } from "../../../proto/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js";

/** What the logger writes; null = Envoy's default format. */
export type StdoutLogData = LogFormatData | null;

/** `envoy.access_loggers.stdout`, main side. */
export const stdoutLoggerConfig = extensionConfig({
  name: "envoy.access_loggers.stdout",
  categories: ["envoy.access_loggers"],
  schema: StdoutAccessLogSchema,
  support: [supportAll(StdoutAccessLogSchema)],
  compile: (message, place, context): StdoutLogData => {
    const format = message.accessLogFormat;
    return format.case === undefined ? null : compileFormatString(format.value, place.field("log_format"), context);
  },
});
