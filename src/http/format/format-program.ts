import { isUnsupportedOperator, operatorTable } from "./operators/operator-table.ts";

/** One `%OPERATOR(argument):length%` of a format. Plain data. */
export interface OperatorCall {
  readonly operator: string;
  /** `""` if none was given. */
  readonly argument: string;
  /** The value is cut to so many characters; -1 = not at all. */
  readonly maxLength: number;
}

/** A format text taken apart: literal texts and operators, in order. Plain data, made on the main side. */
export interface FormatProgram {
  readonly parts: readonly (string | OperatorCall)[];
}

/** What is wrong with a format. */
export interface FormatProblem {
  readonly message: string;
  /** True if the format is fine for Envoy, and Troupe lacks what it asks for. */
  readonly unsupported: boolean;
}

/** The result of `compileFormat`: problems, or none and a program. */
export type CompiledFormat =
  | { readonly program: FormatProgram; readonly problems: readonly [] }
  | { readonly program: null; readonly problems: readonly FormatProblem[] };

const CALL_START = /%([A-Z][A-Z0-9_]*)(\(|:\d+%|%)/y;
const CALL_END = /\)(?::(\d+))?%/g;

/** Takes a format text apart and checks every operator in it. Reports all problems at once. */
export function compileFormat(text: string): CompiledFormat {
  const parts: (string | OperatorCall)[] = [];
  const problems: FormatProblem[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const percent = text.indexOf("%", at);
    if (percent === -1) break;
    literal += text.slice(at, percent);
    if (text[percent + 1] === "%") {
      literal += "%";
      at = percent + 2;
      continue;
    }
    const call = parseCall(text, percent);
    if (typeof call === "string") {
      return { program: null, problems: [...problems, { message: call, unsupported: false }] };
    }
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push(call.call);
    const problem = callProblem(call.call);
    if (problem !== null) problems.push(problem);
    at = call.end;
  }
  literal += text.slice(at);
  if (literal !== "") parts.push(literal);
  if (problems.length > 0) return { program: null, problems };
  return { program: { parts }, problems: [] };
}

/** Reads the operator that begins at `percent`; a text says why there is none. */
function parseCall(text: string, percent: number): { call: OperatorCall; end: number } | string {
  CALL_START.lastIndex = percent;
  const start = CALL_START.exec(text);
  if (start === null) {
    return `no command operator begins at the % in column ${percent + 1}; a literal percent sign is written %%`;
  }
  const whole = start[0];
  const operator = start[1]!;
  const opening = start[2]!;
  if (opening !== "(") {
    const maxLength = opening === "%" ? -1 : Number(opening.slice(1, -1));
    return { call: { operator, argument: "", maxLength }, end: percent + whole.length };
  }
  CALL_END.lastIndex = percent + whole.length;
  const end = CALL_END.exec(text);
  if (end === null) return `%${operator}( in column ${percent + 1} is not closed with )%`;
  const argument = text.slice(percent + whole.length, end.index);
  const maxLength = end[1] === undefined ? -1 : Number(end[1]);
  return { call: { operator, argument: legacyArgument(argument), maxLength }, end: end.index + end[0].length };
}

/** Header formats once took arguments as a JSON list: `(["ns", "key"])` means `(ns:key)`. */
function legacyArgument(argument: string): string {
  if (!argument.startsWith("[")) return argument;
  try {
    const list: unknown = JSON.parse(argument);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list.join(":") : argument;
  } catch {
    return argument;
  }
}

function callProblem(call: OperatorCall): FormatProblem | null {
  const operator = operatorTable.get(call.operator);
  if (operator === undefined) {
    return isUnsupportedOperator(call.operator)
      ? { message: `%${call.operator}% is not supported yet`, unsupported: true }
      : { message: `%${call.operator}% is no command operator`, unsupported: false };
  }
  const say = (message: string): FormatProblem => ({ message: `%${call.operator}%: ${message}`, unsupported: false });
  if (operator.argument === "none" && call.argument !== "") return say("takes no argument");
  if (operator.argument === "required" && call.argument === "") return say("needs an argument in parentheses");
  if (call.maxLength !== -1 && !operator.truncates) return say("takes no length");
  const problem = operator.problem?.(call.argument) ?? null;
  return problem === null ? null : say(problem);
}
