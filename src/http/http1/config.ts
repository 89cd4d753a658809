import type { CompileContext } from "../../config/compile-context.ts";
import type { MessageSupport } from "../../config/field-support.ts";
import { support, supportAll, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type Http1ProtocolOptions,
  Http1ProtocolOptions_HeaderKeyFormat_ProperCaseWordsSchema,
  Http1ProtocolOptions_HeaderKeyFormatSchema,
} from "../../proto/gen/envoy/config/core/v3/protocol_pb.js";
import type { KeyFormatData, PreserveCaseData } from "./key-format-data.ts";

/** What is implemented of `header_key_format`. */
export const KEY_FORMAT_SUPPORT: readonly MessageSupport[] = [
  support(Http1ProtocolOptions_HeaderKeyFormatSchema, { proper_case_words: yes, stateful_formatter: yes }),
  supportAll(Http1ProtocolOptions_HeaderKeyFormat_ProperCaseWordsSchema),
];

/** Compiles `header_key_format`; null = names are written in lower case. `place` is that of the options. Main side. */
export function compileKeyFormat(
  options: Http1ProtocolOptions | undefined,
  place: Place,
  context: CompileContext,
): KeyFormatData | null {
  const format = options?.headerKeyFormat?.headerFormat;
  if (format?.case === "properCaseWords") return "properCase";
  if (format?.case !== "statefulFormatter") return null;
  const at = place.field("header_key_format").field("stateful_formatter");
  const { name, typedConfig } = format.value;
  const compiled = context.extension("envoy.http.stateful_header_formatters", { name, typedConfig }, at);
  return compiled === undefined ? null : (compiled.data as PreserveCaseData);
}
