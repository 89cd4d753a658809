import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import {
  compileFormatJson,
  compileFormatString,
  compileFormatText,
  type LogFormatData,
} from "../../../http/format/config.ts";
import {
  type FileAccessLog,
  FileAccessLogSchema,
} from "../../../proto/gen/envoy/extensions/access_loggers/file/v3/file_pb.js";

/** A file access log. Plain data. */
export interface FileLogData {
  readonly path: string;
  /** Null = Envoy's default. */
  readonly format: LogFormatData | null;
}

/** `envoy.access_loggers.file`, main side. */
export const fileLoggerConfig = extensionConfig({
  name: "envoy.access_loggers.file",
  categories: ["envoy.access_loggers"],
  schema: FileAccessLogSchema,
  support: [supportAll(FileAccessLogSchema)],
  configRequired: true,
  compile: (message, place, context): FileLogData => ({
    path: message.path,
    format: compileFormat(message, place, context),
  }),
});

function compileFormat(message: FileAccessLog, place: Place, context: CompileContext): LogFormatData | null {
  const format = message.accessLogFormat;
  switch (format.case) {
    case "logFormat":
      return compileFormatString(format.value, place.field("log_format"), context);
    case "format": {
      // An empty text of this deprecated field means the default, as in Envoy.
      if (format.value === "") return null;
      const program = compileFormatText(format.value, place.field("format"), context);
      return { type: "text", program, omitEmptyValues: false };
    }
    case "jsonFormat":
    case "typedJsonFormat": {
      const field = format.case === "jsonFormat" ? "json_format" : "typed_json_format";
      const program = compileFormatJson(format.value, place.field(field), context);
      return { type: "json", program, omitEmptyValues: false };
    }
    default:
      return null;
  }
}
