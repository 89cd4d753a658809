import { InvariantError } from "../../base/fatal.ts";
import { wireText } from "../../match/wire-text.ts";
import type { FormatContext, FormatEnvironment, FormatEvaluator, FormatValue } from "./format-context.ts";
import type { FormatProgram, OperatorCall } from "./format-program.ts";
import { operatorTable } from "./operators/operator-table.ts";

/** How a `SubstitutionFormatter` writes what it finds. */
export interface FormatStyle {
  /** Stands for a value that is missing: `-` in logs, `""` with `omit_empty_values` and in headers. */
  readonly missing: string;
  /** Makes a value from outside harmless: `escapeForLog` or `stripForHeader`. */
  readonly sanitize: (value: string) => string;
}

/** Fills in one compiled format. Immutable; one per worker, shared by all its streams. */
export class SubstitutionFormatter {
  readonly #parts: readonly (string | FormatEvaluator)[];
  readonly #missing: string;
  readonly #sanitize: (value: string) => string;

  constructor(program: FormatProgram, style: FormatStyle, environment: FormatEnvironment) {
    this.#parts = program.parts.map((part) =>
      typeof part === "string" ? wireText(part) : createEvaluator(part, environment),
    );
    this.#missing = style.missing;
    this.#sanitize = style.sanitize;
  }

  /** The text, as wire text: a character per byte. */
  format(context: FormatContext): string {
    let text = "";
    for (const part of this.#parts) text += typeof part === "string" ? part : this.#text(part(context));
    return text;
  }

  #text(value: FormatValue | undefined): string {
    switch (typeof value) {
      case "string":
        return this.#sanitize(value);
      case "number":
        return String(value);
      case "undefined":
        return this.#missing;
      default:
        return value === null ? this.#missing : this.#sanitize(wireText(JSON.stringify(value)));
    }
  }
}

/**
 * Makes the evaluator of one checked operator. Strings it gives are wire text, cut to the operator's length.
 */
export function createEvaluator(call: OperatorCall, environment: FormatEnvironment): FormatEvaluator {
  const operator = operatorTable.get(call.operator);
  if (operator === undefined) throw new InvariantError(`unchecked operator ${call.operator}`);
  const evaluate = operator.create(call.argument, environment);
  const maxLength = call.maxLength;
  if (maxLength === -1) return evaluate;
  return (context) => {
    const value = evaluate(context);
    return typeof value === "string" && value.length > maxLength ? value.slice(0, maxLength) : value;
  };
}
