import type { CompileContext } from "../../config/compile-context.ts";
import { compileDataSource } from "../../config/data-source.ts";
import { type FieldSupport, type MessageSupport, noEffect, notYet, support, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  JsonFormatOptionsSchema,
  type SubstitutionFormatString,
  SubstitutionFormatStringSchema,
} from "../../proto/gen/envoy/config/core/v3/substitution_format_string_pb.js";
import { compileFormat, type FormatProblem, type FormatProgram } from "./format-program.ts";
import { compileJsonFormat, type JsonFormatProgram } from "./json-format.ts";

/** Envoy's `SubstitutionFormatString` as plain data. */
export type LogFormatData =
  | { readonly type: "text"; readonly program: FormatProgram; readonly omitEmptyValues: boolean }
  | { readonly type: "json"; readonly program: JsonFormatProgram; readonly omitEmptyValues: boolean };

/** Largest text that `text_format_source` may name. */
const LARGEST_FORMAT_BYTES = 1 << 20;

/** A text with `%OPERATORS%`, checked; problems are reported at `place`. */
export function compileFormatText(text: string, place: Place, context: CompileContext): FormatProgram {
  const compiled = compileFormat(text);
  for (const problem of compiled.problems) report(problem, place, context);
  return compiled.program ?? { parts: [] };
}

/** A JSON format, checked; problems are reported at the string they are in. */
export function compileFormatJson(json: unknown, place: Place, context: CompileContext): JsonFormatProgram {
  return compileJsonFormat(json, (path, problem) => {
    let at = place;
    for (const step of path) at = typeof step === "number" ? at.index(step) : at.field(step);
    report(problem, at, context);
  });
}

function report(problem: FormatProblem, place: Place, context: CompileContext): void {
  if (problem.unsupported) context.unsupported(place, problem.message);
  else context.error(place, problem.message);
}

/** Envoy's `SubstitutionFormatString`. */
export function compileFormatString(
  message: SubstitutionFormatString,
  place: Place,
  context: CompileContext,
): LogFormatData {
  const { format, omitEmptyValues } = message;
  switch (format.case) {
    case "jsonFormat": {
      const program = compileFormatJson(format.value, place.field("json_format"), context);
      return {
        type: "json",
        program: message.jsonFormatOptions?.sortProperties ? sorted(program) : program,
        omitEmptyValues,
      };
    }
    case "textFormatSource": {
      const source = place.field("text_format_source");
      const bytes = compileDataSource(format.value, LARGEST_FORMAT_BYTES, source, context);
      const text = Buffer.from(bytes).toString("utf8");
      return { type: "text", program: compileFormatText(text, source, context), omitEmptyValues };
    }
    default: {
      const program = compileFormatText(format.value ?? "", place.field("text_format"), context);
      return { type: "text", program, omitEmptyValues };
    }
  }
}

function sorted(program: JsonFormatProgram): JsonFormatProgram {
  if (program.type === "list") return { type: "list", items: program.items.map(sorted) };
  if (program.type !== "object") return program;
  const entries = program.entries.map(([name, value]) => [name, sorted(value)] as const);
  return { type: "object", entries: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** Which fields of a format are implemented, where `contentType` tells of its content type. */
export function formatStringSupport(contentType: FieldSupport): MessageSupport {
  return support(SubstitutionFormatStringSchema, {
    text_format: yes,
    json_format: yes,
    text_format_source: yes,
    omit_empty_values: yes,
    json_format_options: yes,
    content_type: contentType,
    formatters: notYet("the operators of Envoy's formatter extensions metadata and req_without_query are built in"),
  });
}

/** Which fields of the messages compiled here are implemented. */
export const formatSupport: readonly MessageSupport[] = [
  formatStringSupport(noEffect("only what is sent to clients has a content type")),
  support(JsonFormatOptionsSchema, { sort_properties: yes }),
];
