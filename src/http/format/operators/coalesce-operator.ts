import type { FormatEvaluator, FormatOperator, FormatValue } from "../format-context.ts";

/** One of the alternatives. */
interface Alternative {
  readonly operator: FormatOperator;
  readonly argument: string;
  /** -1 = not cut. */
  readonly maxLength: number;
}

/**
 * `COALESCE({"operators": ["NAME", {"command": "NAME", "param": "ARGUMENT", "max_length": N}]})`: the first value that is there and not
 * empty. `operators` are those that may stand in it. Source: Envoy's `CoalesceFormatter`.
 */
export function coalesceOperator(operators: ReadonlyMap<string, FormatOperator>): FormatOperator {
  return {
    argument: "required",
    truncates: true,
    problem(argument) {
      const alternatives = readAlternatives(argument, operators);
      return typeof alternatives === "string" ? alternatives : null;
    },
    create(argument, environment) {
      const alternatives = readAlternatives(argument, operators);
      if (typeof alternatives === "string") throw new TypeError(alternatives);
      const evaluators = alternatives.map((each) =>
        cut(each.operator.create(each.argument, environment), each.maxLength),
      );
      return (context) => {
        for (const evaluate of evaluators) {
          const value = evaluate(context);
          if (value !== undefined && value !== null && value !== "") return value;
        }
        return undefined;
      };
    },
  };
}

/** The alternatives that a JSON text names, or what is wrong with it. */
function readAlternatives(text: string, operators: ReadonlyMap<string, FormatOperator>): Alternative[] | string {
  const json = parsed(text);
  const list = isObject(json) ? json.operators : undefined;
  if (!Array.isArray(list) || list.length === 0) return 'expected {"operators": [...]} with at least one operator';
  const alternatives: Alternative[] = [];
  for (const entry of list) {
    const alternative = readAlternative(entry, operators);
    if (typeof alternative === "string") return alternative;
    alternatives.push(alternative);
  }
  return alternatives;
}

function readAlternative(entry: unknown, operators: ReadonlyMap<string, FormatOperator>): Alternative | string {
  const object = typeof entry === "string" ? { command: entry } : entry;
  if (!isObject(object) || typeof object.command !== "string")
    return 'an operator is a name, or {"command": NAME, ...}';
  const { command, param = "", max_length: maxLength = -1 } = object;
  const operator = operators.get(command);
  if (operator === undefined) return `unknown or unsupported operator ${command}`;
  if (typeof param !== "string") return `param of ${command} is no text`;
  if (typeof maxLength !== "number" || !Number.isInteger(maxLength) || maxLength < -1) {
    return `max_length of ${command} is no whole number`;
  }
  if (operator.argument === "none" && param !== "") return `${command} takes no param`;
  if (operator.argument === "required" && param === "") return `${command} needs a param`;
  const problem = operator.problem?.(param) ?? null;
  return problem === null ? { operator, argument: param, maxLength } : `${command}: ${problem}`;
}

function cut(evaluate: FormatEvaluator, maxLength: number): FormatEvaluator {
  if (maxLength === -1) return evaluate;
  return (context) => {
    const value: FormatValue | undefined = evaluate(context);
    return typeof value === "string" ? value.slice(0, maxLength) : value;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
