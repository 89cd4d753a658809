import { RE2JS } from "re2js";
import { unicodeText } from "./wire-text.ts";

/** Patterns whose compiled program is larger are refused; bounds the memory that a configuration can take. */
const LARGEST_PROGRAM = 20_000;

/** A character that means itself in a pattern. */
const LITERAL = "(?:[^\\\\^$.|?*+()[\\]{}\\x80-\\uffff\\n]|\\\\[./?*+()[\\]{}^$|\\-])*";
/** Literal text with `.*` before, behind, both or neither: needs no automaton. */
const SIMPLE = new RegExp(`^\\^?(\\.\\*)?(${LITERAL})(\\.\\*)?\\$?$`);

type Shape = "literal" | "prefix" | "suffix" | "contains";

/**
 * A regular expression with RE2's syntax and RE2's promise: time linear in the input, whatever the pattern. Matches the
 * whole text, as Envoy's `safe_regex` does. Immutable once made, though it caches states; one per worker.
 */
export class Regex {
  readonly pattern: string;
  readonly #automaton: RE2JS | undefined;
  readonly #shape: Shape | undefined;
  readonly #literal: string = "";

  /** Throws if `pattern` is no RE2 pattern; ask `regexProblem` first. */
  constructor(pattern: string) {
    this.pattern = pattern;
    const simple = SIMPLE.exec(pattern);
    if (simple !== null) {
      this.#literal = simple[2]!.replace(/\\(.)/g, "$1");
      this.#shape = shapeOf(simple[1] !== undefined, simple[3] !== undefined);
    } else {
      this.#automaton = RE2JS.compile(pattern);
    }
  }

  /** Whether the whole of `value` (wire text: a character per byte) matches. */
  matches(value: string): boolean {
    const literal = this.#literal;
    switch (this.#shape) {
      case "literal":
        return value === literal;
      case "prefix":
        return value.startsWith(literal) && !value.includes("\n", literal.length);
      case "suffix":
        return value.endsWith(literal) && !value.includes("\n");
      case "contains":
        return value.includes(literal) && !value.includes("\n");
      default:
        return this.#automaton!.testExact(unicodeText(value));
    }
  }
}

function shapeOf(openStart: boolean, openEnd: boolean): Shape {
  if (openStart && openEnd) return "contains";
  if (openStart) return "suffix";
  return openEnd ? "prefix" : "literal";
}

/** What is wrong with `pattern` as an RE2 pattern; null if nothing is. */
export function regexProblem(pattern: string): string | null {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const size = compiled.programSize();
  if (size > LARGEST_PROGRAM)
    return `regex is too large: its program size is ${size}, at most ${LARGEST_PROGRAM} is allowed`;
  return null;
}
