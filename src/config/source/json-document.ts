import type { JsonValue } from "@bufbuild/protobuf";
import { jsonSyntaxError } from "./json-syntax.ts";
import {
  type FoundPosition,
  LineIndex,
  MAX_DEPTH,
  MAX_VALUES,
  type ParsedSource,
  type SourceDocument,
  type SyntaxProblem,
  snakeCase,
} from "./source-document.ts";

/**
 * Parses JSON (RFC 8259). Duplicate keys, more than `MAX_DEPTH` levels and more than `MAX_VALUES` values are refused. Positions are
 * looked for only when asked for, so that a large file costs little more than `JSON.parse`. Never throws.
 */
export function parseJson(text: string): ParsedSource {
  const lines = new LineIndex(text);
  let root: JsonValue;
  try {
    root = JSON.parse(text) as JsonValue;
  } catch {
    const { offset, message } = jsonSyntaxError(text);
    return { problems: [{ position: lines.position(offset), message }] };
  }
  const size = { keys: 0, values: 0 };
  const limit = measure(root, 0, size);
  if (limit !== undefined) return { problems: [{ position: { line: 1, column: 1 }, message: limit }] };
  // The parser keeps the last of equal keys, so that fewer keys than colons mean duplicates.
  if (countColons(text) !== size.keys) {
    const problems = new JsonWalker(text).duplicates();
    return {
      problems: problems.map(
        ({ offset, key }): SyntaxProblem => ({
          position: lines.position(offset),
          message: `duplicate key ${JSON.stringify(key)}`,
        }),
      ),
    };
  }
  return { document: new JsonDocument(text, lines, root) };
}

function measure(value: JsonValue, depth: number, size: { keys: number; values: number }): string | undefined {
  if (depth > MAX_DEPTH) return `lists and maps are nested more than ${MAX_DEPTH} deep`;
  if (++size.values > MAX_VALUES) return `more than ${MAX_VALUES} values`;
  if (typeof value !== "object" || value === null) return undefined;
  const items = Array.isArray(value) ? value : Object.values(value);
  if (!Array.isArray(value)) size.keys += items.length;
  for (const item of items) {
    const limit = measure(item, depth + 1, size);
    if (limit !== undefined) return limit;
  }
  return undefined;
}

/** Offset just after the string that starts with the quote at `at`. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
}

function countColons(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = stringEnd(text, at);
    } else {
      if (code === 0x3a) count++;
      at++;
    }
  }
  return count;
}

/** Walks a JSON text that is known to be valid. */
class JsonWalker {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The keys that stand in an object a second time, at most 20 of them. */
  duplicates(): { offset: number; key: string }[] {
    const found: { offset: number; key: string }[] = [];
    const value = (): void => {
      const seen = new Set<string>();
      this.#children((key, offset) => {
        if (key !== undefined) {
          if (seen.has(key) && found.length < 20) found.push({ offset, key });
          seen.add(key);
        }
        value();
      });
    };
    value();
    return found;
  }

  /** The offset of what `steps` lead to, or of the last step that exists. */
  find(steps: readonly (string | number)[]): { offset: number; matched: number } {
    let offset = this.#skipSpace();
    let matched = 0;
    for (const step of steps) {
      const found = this.#step(step);
      if (found === undefined) break;
      offset = found.place;
      this.#at = found.value;
      matched++;
    }
    return { offset, matched };
  }

  /** Where the child is (its key, or the item) and where its value starts; leaves the position anywhere. */
  #step(step: string | number): { place: number; value: number } | undefined {
    const start = this.#skipSpace();
    const opening = this.#text[start];
    if (typeof step === "number" && opening !== "[") return step === 0 ? { place: start, value: start } : undefined;
    let exact: { place: number; value: number } | undefined;
    let similar: { place: number; value: number } | undefined;
    let index = 0;
    this.#children((key, place) => {
      const value = this.#skipSpace();
      if (key === undefined ? index === step : key === step) exact = { place, value };
      else if (key !== undefined && snakeCase(key) === step) similar = { place, value };
      index++;
      this.#skipValue();
    });
    if (exact === undefined && opening === "[" && index === 1) {
      this.#at = this.#skipSpaceFrom(start + 1);
      return this.#text[this.#at] === "{" ? this.#step(step) : undefined;
    }
    return exact ?? similar;
  }

  /**
   * Calls `visit` with the position at the value of each child of the value here (none for a scalar); `visit` must move
   * past that value.
   */
  #children(visit: (key: string | undefined, offset: number) => void): void {
    const opening = this.#text[this.#skipSpace()];
    if (opening !== "{" && opening !== "[") {
      this.#skipValue();
      return;
    }
    this.#at++;
    for (;;) {
      const offset = this.#skipSpace();
      const character = this.#text[offset];
      if (character === "}" || character === "]") break;
      if (character === ",") {
        this.#at++;
        continue;
      }
      let key: string | undefined;
      if (opening === "{") {
        const end = stringEnd(this.#text, offset);
        key = JSON.parse(this.#text.slice(offset, end)) as string;
        this.#at = this.#skipSpaceFrom(end) + 1;
      }
      visit(key, offset);
    }
    this.#at++;
  }

  #skipValue(): void {
    const character = this.#text[this.#skipSpace()];
    if (character === '"') this.#at = stringEnd(this.#text, this.#at);
    else if (character === "{" || character === "[") this.#children(() => this.#skipValue());
    else while (this.#at < this.#text.length && !/[\s,\]}]/.test(this.#text[this.#at]!)) this.#at++;
  }

  #skipSpace(): number {
    this.#at = this.#skipSpaceFrom(this.#at);
    return this.#at;
  }

  #skipSpaceFrom(at: number): number {
    let next = at;
    while (next < this.#text.length && this.#text.charCodeAt(next) <= 0x20) next++;
    return next;
  }
}

class JsonDocument implements SourceDocument {
  readonly root: JsonValue;
  readonly #text: string;
  readonly #lines: LineIndex;

  constructor(text: string, lines: LineIndex, root: JsonValue) {
    this.#text = text;
    this.#lines = lines;
    this.root = root;
  }

  locate(steps: readonly (string | number)[]): FoundPosition {
    const { offset, matched } = new JsonWalker(this.#text).find(steps);
    return { ...this.#lines.position(offset), matched };
  }
}
