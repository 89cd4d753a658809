import type { LogFormatData } from "../../http/format/config.ts";
import type { FormatContext, FormatEnvironment } from "../../http/format/format-context.ts";
import { JsonFormatter } from "../../http/format/json-format.ts";
import { escapeForLog } from "../../http/format/log-escape.ts";
import { SubstitutionFormatter } from "../../http/format/substitution-formatter.ts";
import type { RequestHeaderMap } from "../../http/header-map.ts";
import type { StreamInfo } from "../../http/stream-info.ts";

/** Envoy's `FilterStateValue`, checked. Plain data. */
export interface FilterStateEntryData {
  readonly key: string;
  /** Null stands for what was refused. */
  readonly format: LogFormatData | null;
  /** Nobody may change it any more. */
  readonly readOnly: boolean;
  readonly skipIfEmpty: boolean;
}

/** Takes a value; `readOnly` locks its key. */
type FilterStateSetter = (key: string, value: string, readOnly: boolean) => void;

interface Entry {
  readonly data: FilterStateEntryData;
  readonly formatter: { format(context: FormatContext): string };
}

/** The values that a filter or a route sets, on a worker. Immutable. */
export class FilterStateEntries {
  readonly #entries: readonly Entry[];

  constructor(entries: readonly FilterStateEntryData[], environment: FormatEnvironment) {
    this.#entries = entries.flatMap((data) =>
      data.format === null ? [] : [{ data, formatter: createFormatter(data.format, environment) }],
    );
  }

  /** Makes the values, one after the other, and hands each to `set`. */
  apply(requestHeaders: RequestHeaderMap | null, streamInfo: StreamInfo, set: FilterStateSetter): void {
    const context: FormatContext = {
      requestHeaders,
      responseHeaders: null,
      responseTrailers: null,
      streamInfo,
      accessLogType: "NotSet",
    };
    for (const { data, formatter } of this.#entries) {
      const value = formatter.format(context);
      if (value !== "" || !data.skipIfEmpty) set(data.key, value, data.readOnly);
    }
  }
}

function createFormatter(format: LogFormatData, environment: FormatEnvironment): Entry["formatter"] {
  if (format.type === "json") return new JsonFormatter(format.program, format.omitEmptyValues, environment);
  const style = { missing: format.omitEmptyValues ? "" : "-", sanitize: escapeForLog };
  return new SubstitutionFormatter(format.program, style, environment);
}
