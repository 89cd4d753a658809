import { isSensitiveField, isSensitiveHeader } from "../../base/sensitive-names.ts";

/** A plain JSON value. */
export type ShownValue =
  | null
  | boolean
  | number
  | string
  | readonly ShownValue[]
  | { readonly [key: string]: ShownValue };

/** The state of an actor as people may see it: plain, without secrets and of bounded size. */
export interface ShownState {
  readonly value: ShownValue;
  /** Something was left out because the state is too deep or too large. */
  readonly truncated: boolean;
}

/** How much of a state is shown. */
export interface ShownStateLimits {
  /** Nesting. Default 8. */
  readonly depth?: number;
  /** Entries of one list or object. Default 100. */
  readonly entries?: number;
  /** Characters of one text. Default 1000. */
  readonly textChars?: number;
  /** Values in all. Default 5000. */
  readonly values?: number;
}

/** What stands for a secret. */
const REDACTED = "[redacted]";

/**
 * A copy of anything as plain JSON. What could be a secret, by the name of its field, is replaced; lists, texts and depth are cut, and
 * what was cut is counted where it stood. Maps become objects, sets become lists, bytes and functions become a word. Never throws.
 */
export function shownState(value: unknown, limits: ShownStateLimits = {}): ShownState {
  const copy = new StateCopy(limits);
  const shown = copy.of(value, 0);
  return { value: shown, truncated: copy.truncated };
}

class StateCopy {
  truncated = false;
  readonly #depth: number;
  readonly #entries: number;
  readonly #textChars: number;
  #left: number;
  /** What is being copied: meeting it again is a cycle. */
  readonly #path = new Set<object>();

  constructor({ depth = 8, entries = 100, textChars = 1000, values = 5000 }: ShownStateLimits) {
    this.#depth = depth;
    this.#entries = entries;
    this.#textChars = textChars;
    this.#left = values;
  }

  of(value: unknown, depth: number): ShownValue {
    this.#left--;
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "boolean":
        return value;
      case "bigint":
        return String(value);
      case "object":
        return value === null ? null : this.#object(value, depth);
      case "function":
        return "[function]";
      default:
        return null;
    }
  }

  #object(value: object, depth: number): ShownValue {
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Error) return this.#text(value.message);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (this.#path.has(value)) return "[cycle]";
    if (depth >= this.#depth) return this.#cut("[deeper]");
    this.#path.add(value);
    const shown = this.#members(value, depth + 1);
    this.#path.delete(value);
    return shown;
  }

  #members(value: object, depth: number): ShownValue {
    if (Array.isArray(value) || value instanceof Set) return this.#list(value, depth);
    if (value instanceof Map) return this.#fields(value.size, mapEntries(value), depth);
    const names = Object.keys(value);
    return this.#fields(names.length, objectEntries(value, names), depth);
  }

  #list(
    values: Iterable<unknown> & ({ readonly length: number } | { readonly size: number }),
    depth: number,
  ): ShownValue {
    const count = "length" in values ? values.length : values.size;
    const shown: ShownValue[] = [];
    for (const value of values) {
      if (this.#isFull(shown.length)) {
        shown.push(this.#cut(`[${count - shown.length} more]`));
        break;
      }
      shown.push(this.of(value, depth));
    }
    return shown;
  }

  #fields(count: number, entries: Iterable<readonly [string, unknown]>, depth: number): ShownValue {
    const shown: [string, ShownValue][] = [];
    for (const [name, value] of entries) {
      if (this.#isFull(shown.length)) {
        shown.push(["[more]", this.#cut(String(count - shown.length))]);
        break;
      }
      const secret = isSensitiveField(name) || isSensitiveHeader(name);
      shown.push([this.#text(name), secret ? REDACTED : this.of(value, depth)]);
    }
    // Not by assignment: `__proto__` may be among the names.
    return Object.fromEntries(shown);
  }

  #isFull(length: number): boolean {
    return length >= this.#entries || this.#left <= 0;
  }

  #text(text: string): string {
    return text.length <= this.#textChars ? text : this.#cut(`${text.slice(0, this.#textChars)}…`);
  }

  #cut(mark: string): string {
    this.truncated = true;
    return mark;
  }
}

function* mapEntries(map: ReadonlyMap<unknown, unknown>): Generator<readonly [string, unknown]> {
  for (const [key, value] of map) yield [typeof key === "object" ? "[object]" : String(key), value];
}

function* objectEntries(value: object, names: readonly string[]): Generator<readonly [string, unknown]> {
  for (const name of names) {
    let member: unknown;
    try {
      member = (value as Readonly<Record<string, unknown>>)[name];
    } catch {
      member = "[unreadable]";
    }
    yield [name, member];
  }
}
