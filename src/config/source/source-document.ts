import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { SourcePosition } from "../config-problem.ts";

/** A parsed configuration text, whatever its syntax. */
export interface SourceDocument {
  /** The values. Anchors, aliases and merge keys are resolved; aliased values are shared, so the tree may be a graph. */
  readonly root: JsonValue;
  /**
   * Finds where the setting at these steps stands. Field names are matched in snake_case and camelCase; an index into what is no
   * list means the value itself; if a step leads nowhere, it is the place of the last one that exists.
   */
  locate(steps: readonly (string | number)[]): FoundPosition;
}

/** A position, and how many of the wanted steps lead there. */
export interface FoundPosition extends SourcePosition {
  readonly matched: number;
}

/** A text that can't be read at all: bad syntax, or beyond a limit. */
export interface SyntaxProblem {
  readonly position: SourcePosition;
  readonly message: string;
  readonly hint?: string;
}

/** The outcome of parsing: a document, or all that is wrong with the syntax. */
export type ParsedSource =
  | { readonly document: SourceDocument; readonly problems?: undefined }
  | { readonly document?: undefined; readonly problems: readonly SyntaxProblem[] };

/** Deepest nesting of lists and maps that is accepted. Real configurations stay below 40. */
export const MAX_DEPTH = 100;

/** The limit to give to the protobuf library for what was checked against `MAX_DEPTH`: a level can be several messages. */
export const MAX_MESSAGE_DEPTH = 5 * MAX_DEPTH;

/** How many values a configuration may have after aliases are resolved; 100,000 clusters have about 3 million. */
export const MAX_VALUES = 5_000_000;

/** Sets a key that comes from outside; `__proto__` becomes an ordinary one. */
export function setKey(object: JsonObject, key: string, value: JsonValue): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

/** `connectTimeout` and `connect_timeout` are the same field: both give the latter. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Turns offsets of a text into lines and columns. Indexes the text on first use. */
export class LineIndex {
  readonly #text: string;
  #starts: number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  position(offset: number): SourcePosition {
    this.#starts ??= lineStarts(this.#text);
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
