import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { compileFormatString, type LogFormatData } from "../../../http/format/config.ts";
import { StderrAccessLogSchema } from "../../../proto/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js";

/** What the logger writes; null = Envoy's default format. */
export type StderrLogData = LogFormatData | null;

/** `envoy.access_loggers.stderr`, main side. */
export const stderrLoggerConfig = extensionConfig({
  name: "envoy.access_loggers.stderr",
  categories: ["envoy.access_loggers"],
  schema: StderrAccessLogSchema,
  support: [supportAll(StderrAccessLogSchema)],
  compile: (message, place, context): StderrLogData => {
    const format = message.accessLogFormat;
    return format.case === undefined ? null : compileFormatString(format.value, place.field("log_format"), context);
  },
});
