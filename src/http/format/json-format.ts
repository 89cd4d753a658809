import { unicodeText, wireText } from "../../match/wire-text.ts";
import type { FormatContext, FormatEnvironment, FormatValue } from "./format-context.ts";
import { compileFormat, type FormatProblem, type FormatProgram } from "./format-program.ts";
import { createEvaluator } from "./substitution-formatter.ts";

/** A JSON format taken apart. Plain data, made on the main side. */
export type JsonFormatProgram =
  | { readonly type: "object"; readonly entries: readonly (readonly [name: string, value: JsonFormatProgram])[] }
  | { readonly type: "list"; readonly items: readonly JsonFormatProgram[] }
  | { readonly type: "format"; readonly program: FormatProgram }
  /** A number, boolean or null that stands in the format itself. */
  | { readonly type: "constant"; readonly json: string };

const DEEPEST = 100;

/** Takes a JSON format apart: its strings are formats. `report` gets each problem with the path of the string. */
export function compileJsonFormat(
  format: unknown,
  report: (path: readonly (string | number)[], problem: FormatProblem) => void,
  path: readonly (string | number)[] = [],
): JsonFormatProgram {
  if (path.length > DEEPEST) report(path, { message: `nested deeper than ${DEEPEST} levels`, unsupported: false });
  else if (Array.isArray(format)) {
    return { type: "list", items: format.map((item, i) => compileJsonFormat(item, report, [...path, i])) };
  } else if (typeof format === "object" && format !== null) {
    const entries = Object.entries(format).map(
      ([name, value]) => [name, compileJsonFormat(value, report, [...path, name])] as const,
    );
    return { type: "object", entries };
  } else if (typeof format === "string") {
    const compiled = compileFormat(format);
    for (const problem of compiled.problems) report(path, problem);
    return { type: "format", program: compiled.program ?? { parts: [] } };
  }
  return { type: "constant", json: JSON.stringify(format) ?? "null" };
}

/** Writes one node; undefined leaves the entry out. */
type JsonWriter = (context: FormatContext) => string | undefined;

/**
 * Fills in a JSON format, one object and a line end per call. A string that is exactly one operator keeps the
 * operator's type, null if the value is missing; any other is a string. Entries stand in the order of the format.
 */
export class JsonFormatter {
  readonly #write: JsonWriter;

  /** With `omitEmptyValues` entries whose value is missing are left out, and missing parts of strings are empty. */
  constructor(program: JsonFormatProgram, omitEmptyValues: boolean, environment: FormatEnvironment) {
    this.#write = createWriter(program, omitEmptyValues, environment);
  }

  /** The object as wire text, with a line end. */
  format(context: FormatContext): string {
    return wireText(`${this.#write(context) ?? "{}"}\n`);
  }
}

function createWriter(program: JsonFormatProgram, omitEmpty: boolean, environment: FormatEnvironment): JsonWriter {
  switch (program.type) {
    case "object":
      return objectWriter(program.entries, omitEmpty, environment);
    case "list": {
      const items = program.items.map((item) => createWriter(item, omitEmpty, environment));
      return (context) =>
        `[${items
          .map((write) => write(context))
          .filter((item) => item !== undefined)
          .join(",")}]`;
    }
    case "constant":
      return () => program.json;
    case "format":
      return stringWriter(program.program, omitEmpty, environment);
  }
}

function objectWriter(
  entries: readonly (readonly [string, JsonFormatProgram])[],
  omitEmpty: boolean,
  environment: FormatEnvironment,
): JsonWriter {
  const writers = entries.map(
    ([name, value]) => [`${JSON.stringify(name)}:`, createWriter(value, omitEmpty, environment)] as const,
  );
  return (context) => {
    let text = "";
    for (const [prefix, write] of writers) {
      const value = write(context);
      if (value !== undefined) text += text === "" ? prefix + value : `,${prefix}${value}`;
    }
    return `{${text}}`;
  };
}

function stringWriter(program: FormatProgram, omitEmpty: boolean, environment: FormatEnvironment): JsonWriter {
  const [only, second] = program.parts;
  if (only !== undefined && second === undefined && typeof only !== "string") {
    const evaluate = createEvaluator(only, environment);
    return (context) => jsonOf(evaluate(context), omitEmpty);
  }
  const missing = omitEmpty ? "" : "-";
  const parts = program.parts.map((part) => (typeof part === "string" ? part : createEvaluator(part, environment)));
  return (context) => {
    let text = "";
    for (const part of parts) text += typeof part === "string" ? part : textOf(part(context), missing);
    return JSON.stringify(text);
  };
}

function textOf(value: FormatValue | undefined, missing: string): string {
  if (value === undefined || value === null) return missing;
  if (typeof value === "string") return unicodeText(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function jsonOf(value: FormatValue | undefined, omitEmpty: boolean): string | undefined {
  if (value === undefined || value === null) return omitEmpty ? undefined : "null";
  return JSON.stringify(typeof value === "string" ? unicodeText(value) : value);
}
