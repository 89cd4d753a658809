import type { JsonObject, JsonValue, Message } from "@bufbuild/protobuf";
import type { ResourceKind } from "../compile-context.ts";
import type { ConfigProblem } from "../config-problem.ts";
import type { FoundPosition, SourceDocument } from "./source-document.ts";

/** The two lists of a bootstrap that grow large, and whose items are compiled and cached one by one. */
export const ITEM_LISTS = [
  { list: "listeners", kind: "listener" },
  { list: "clusters", kind: "cluster" },
] as const satisfies readonly { list: string; kind: ResourceKind }[];

/** A listener or cluster in a source. */
export interface SourceItem {
  readonly kind: "listener" | "cluster";
  readonly list: "listeners" | "clusters";
  /** Its place in the source's own list. */
  readonly index: number;
  /** Items with equal keys are equal. */
  readonly key: string;
}

/** The content of an item, as a value still to be checked or (from a binary source) as a message. */
export interface LoadedItem {
  readonly value?: JsonValue;
  readonly message?: Message;
  /** Finds a place below the item. `matched` counts steps below the item. */
  locate(steps: readonly (string | number)[]): FoundPosition;
}

/** One configuration text, parsed as far as needed: the bootstrap without its items, and the items. */
export interface ConfigSource {
  /** As problems name it. */
  readonly file: string;
  /** The bootstrap without `static_resources.listeners` and `.clusters`: a value to be checked, or a message. */
  readonly rest: { readonly value: JsonValue } | { readonly message: Message };
  readonly items: readonly SourceItem[];
  /** Loads some of `items`, best several neighbours at a time. Throws `SplitMismatch`. */
  load(items: readonly SourceItem[]): readonly LoadedItem[];
  /** Finds a place in `rest`. */
  locate(steps: readonly (string | number)[]): FoundPosition;
}

/** The source or why it can't be read. */
export type OpenedSource =
  | { readonly source: ConfigSource; readonly problems?: undefined }
  | { readonly source?: undefined; readonly problems: readonly ConfigProblem[] };

/** Thrown when a text that was cut into items turns out not to be what it looked like; it is then parsed as a whole. */
export class SplitMismatch extends Error {
  override readonly name = "SplitMismatch";
}

/** A source whose text is parsed as a whole. Items are compared by their content. */
export class WholeSource implements ConfigSource {
  readonly file: string;
  readonly rest: { readonly value: JsonValue };
  readonly items: readonly SourceItem[];
  readonly #document: SourceDocument;
  readonly #values: ReadonlyMap<SourceItem, JsonValue>;

  constructor(file: string, document: SourceDocument) {
    this.file = file;
    this.#document = document;
    const { rest, values } = takeItems(document.root);
    this.rest = { value: rest };
    this.items = [...values.keys()];
    this.#values = values;
  }

  load(items: readonly SourceItem[]): readonly LoadedItem[] {
    return items.map((item) => {
      const above = ["static_resources", item.list, item.index];
      return {
        value: this.#values.get(item)!,
        locate: (steps) => {
          const { line, column, matched } = this.#document.locate([...above, ...steps]);
          return { line, column, matched: matched - above.length };
        },
      };
    });
  }

  locate(steps: readonly (string | number)[]): FoundPosition {
    return this.#document.locate(steps);
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Takes the items out of a bootstrap's value. What is not as expected stays in the rest, where the checks find it. */
function takeItems(root: JsonValue): { rest: JsonValue; values: Map<SourceItem, JsonValue> } {
  const values = new Map<SourceItem, JsonValue>();
  if (!isObject(root)) return { rest: root, values };
  const spellings = ["static_resources", "staticResources"].filter((name) => Object.hasOwn(root, name));
  const [name] = spellings;
  const resources = name === undefined ? undefined : root[name];
  if (name === undefined || spellings.length > 1 || !isObject(resources)) return { rest: root, values };
  const others = { ...resources };
  for (const { list, kind } of ITEM_LISTS) {
    const value = others[list];
    if (value === undefined || value === null) continue;
    delete others[list];
    for (const [index, item] of (Array.isArray(value) ? value : [value]).entries()) {
      values.set({ kind, list, index, key: JSON.stringify(item) }, item);
    }
  }
  return { rest: { ...root, [name]: others }, values };
}
