import type { LogFormatData } from "../http/format/config.ts";
import { DEFAULT_ACCESS_LOG_FORMAT } from "../http/format/default-format.ts";
import type { FormatContext, FormatEnvironment } from "../http/format/format-context.ts";
import { compileFormat } from "../http/format/format-program.ts";
import { JsonFormatter } from "../http/format/json-format.ts";
import { escapeForLog } from "../http/format/log-escape.ts";
import { SubstitutionFormatter } from "../http/format/substitution-formatter.ts";
import type { AccessLog } from "./access-log.ts";
import type { AccessLogFile } from "./access-log-file.ts";
import type { AccessLogFiles } from "./access-log-files.ts";

/** Writes one formatted line per occasion to a file. */
export class FormattedLog implements AccessLog {
  readonly #files: AccessLogFiles;
  readonly #path: string;
  readonly #file: AccessLogFile;
  readonly #formatter: { format(context: FormatContext): string };

  /** `format` is null for Envoy's default. Throws if the file can't be opened. */
  constructor(path: string, format: LogFormatData | null, files: AccessLogFiles, environment: FormatEnvironment) {
    this.#files = files;
    this.#path = path;
    this.#formatter = createLogFormatter(format, environment);
    this.#file = files.open(path);
  }

  log(context: FormatContext): void {
    this.#file.write(this.#formatter.format(context));
  }

  release(): void {
    this.#files.release(this.#path);
  }
}

/** Makes the formatter of an access log; null = Envoy's default format. `sanitize` is for the values of formats that are text. */
export function createLogFormatter(
  format: LogFormatData | null,
  environment: FormatEnvironment,
  sanitize: (value: string) => string = escapeForLog,
): { format(context: FormatContext): string } {
  if (format?.type === "json") return new JsonFormatter(format.program, format.omitEmptyValues, environment);
  const program = format === null ? compileFormat(DEFAULT_ACCESS_LOG_FORMAT).program : format.program;
  const style = { missing: format?.omitEmptyValues === true ? "" : "-", sanitize };
  return new SubstitutionFormatter(program ?? { parts: [] }, style, environment);
}
